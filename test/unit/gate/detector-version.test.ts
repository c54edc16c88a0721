import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { versions } from 'node:process';
import { describe, expect, it } from '@jest/globals';
import { detectorVersion } from '../../../src/models/detector-version.js';

/** Where a decision is made, and what an output is searched with. */
const entries = [
  'src/services/judge.ts',
  'src/services/judge-again.ts',
  ...readdirSync('src/lib/safety', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('threaded-'))
    .map((path) => join('src/lib/safety', path)),
];

/** What they import and no decision depends on: how things are refused, handed in and kept; and the version itself. */
const decidesNothing = [
  'src/models/detector-version.ts',
  'src/models/errors.ts',
  'src/ports/large-outputs.ts',
  'src/ports/pattern-checker.ts',
  'src/ports/safety-detector.ts',
  'src/ports/topic-classifier.ts',
];
const packagesThatDecideNothing = ['@nestjs/common', 'lru-cache'];

/** The sources that a decision is made by, and the packages that they use: all that they import, types aside. */
function decisive(): { sources: string[]; packages: string[] } {
  const sources = new Set<string>();
  const packages = new Set<string>();
  const open = [...entries];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (sources.has(path) || decidesNothing.includes(path)) continue;
    sources.add(path);
    for (const [, what = '', from = ''] of readFileSync(path, 'utf8').matchAll(importOf)) {
      if (/^type\b/.test(what) || from.startsWith('node:')) continue;
      if (from.startsWith('.')) open.push(normalize(join(path, '..', from.replace(/\.js$/, '.ts'))));
      else packages.add(/^(?:@[^/]+\/)?[^/]+/.exec(from)?.[0] ?? from);
    }
  }
  const used = [...packages].filter((name) => !packagesThatDecideNothing.includes(name));
  return { sources: [...sources].sort(), packages: used.sort() };
}

const importOf = /^(?:import|export)\s+(?:([^'";]*?)\s+from\s+)?'([^']+)'/gm;

function digest(): string {
  const hash = createHash('sha256');
  const { sources, packages } = decisive();
  for (const path of sources) hash.update(`${path}\0${readFileSync(path, 'utf8')}\0`);
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { version: string } | undefined>;
  };
  for (const name of packages) {
    const version = lock.packages[`node_modules/${name}`]?.version;
    if (version === undefined) throw new Error(`${name} is not in package-lock.json.`);
    hash.update(`${name}@${version}\0`);
  }
  return hash.digest('hex').slice(0, 16);
}

describe('the version of the detectors', () => {
  it('changes with all that decides (put what is expected into detector-version.ts)', () => {
    expect(detectorVersion).toBe(`${digest()}-u${versions.unicode}`);
  });

  it('covers the Judge, what the policy means, how texts are read, and the packages that search', () => {
    const { sources, packages } = decisive();
    expect(sources).toEqual(
      expect.arrayContaining([
        'src/lib/safety/personal-data/phone.ts',
        'src/models/decision.ts',
        'src/models/decoded-text.ts',
        'src/models/look-alikes.ts',
        'src/models/output-text.ts',
        'src/models/policy.ts',
        'src/models/topic-verdict.ts',
        'src/services/content-hits.ts',
        'src/services/judge.ts',
        'src/services/topic-classification.ts',
      ]),
    );
    expect(packages).toEqual(
      expect.arrayContaining([
        '@secretlint/core',
        'html-entities',
        'libphonenumber-js',
        'rregex',
        'validator',
      ]),
    );
  });
});
