import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './lib/project.mjs';

/**
 * Prints what an installation has, as CycloneDX 1.6 (ECMA-424), without what only tests need. From package-lock.json itself: `npm sbom
 * --omit=dev` leaves out what tests need as well, and every package that is there in two versions.
 */
const {
  name: project,
  version: own,
  packages,
} = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
const components = Object.entries(packages)
  .filter(([path, { dev = false, devOptional = false }]) => path !== '' && !dev && !devOptional)
  .map(([path, entry]) => componentOf(path, entry));
const bill = {
  $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  serialNumber: `urn:uuid:${randomUUID()}`,
  version: 1,
  metadata: {
    timestamp: new Date().toISOString(),
    component: { type: 'application', 'bom-ref': purlOf(project, own), name: project, version: own },
  },
  components,
};
process.stdout.write(`${JSON.stringify(bill, undefined, 2)}\n`);

function componentOf(path, { name, version, integrity, license, optional = false }) {
  const called = name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  return {
    type: 'library',
    // The same version may lie in two places.
    'bom-ref': `${purlOf(called, version)}#${path}`,
    name: called,
    version,
    purl: purlOf(called, version),
    scope: optional ? 'optional' : 'required',
    ...(integrity && { hashes: hashesOf(integrity) }),
    ...(license && { licenses: [{ expression: license }] }),
  };
}

/** A package URL (ECMA-427): the `@` of a scope is written `%40`. */
function purlOf(name, version) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** Subresource Integrity has base64, CycloneDX hexadecimal digits. */
function hashesOf(integrity) {
  return integrity.split(' ').map((one) => {
    const [algorithm, digest] = [one.slice(0, one.indexOf('-')), one.slice(one.indexOf('-') + 1)];
    return {
      alg: algorithm.replace('sha', 'SHA-'),
      content: Buffer.from(digest, 'base64').toString('hex'),
    };
  });
}
