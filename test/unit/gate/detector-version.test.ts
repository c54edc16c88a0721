import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { detectorVersion } from '../../../src/models/detector-version.js';

const sources = [
  ...readdirSync('src/lib/safety', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('threaded-'))
    .map((path) => join('src/lib/safety', path)),
  'src/models/decoded-text.ts',
  'src/models/long-runs.ts',
  'src/models/look-alikes.ts',
  'src/models/output-text.ts',
  'src/models/plain-text.ts',
  'src/models/text-units.ts',
  'src/models/unit-kinds.ts',
  'src/services/content-hits.ts',
].sort();

const packages = [
  '@secretlint/core',
  '@secretlint/secretlint-rule-preset-recommend',
  'html-entities',
  'libphonenumber-js',
  'rregex',
  'validator',
];

function digest(): string {
  const hash = createHash('sha256');
  for (const path of sources) hash.update(`${path}\0${readFileSync(path, 'utf8')}\0`);
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { version: string } | undefined>;
  };
  for (const name of packages) hash.update(`${name}@${lock.packages[`node_modules/${name}`]?.version}\0`);
  return hash.digest('hex').slice(0, 16);
}

describe('the version of the detectors', () => {
  it('changes with the sources and packages of the detectors (put what is expected into detector-version.ts)', () => {
    expect(detectorVersion).toBe(digest());
  });
});
