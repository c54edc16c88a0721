import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe('package-lock.json', () => {
  it('holds the packages of every platform, without which npm ci refuses to install on any', async () => {
    const text = await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8');
    const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, LockedPackage>> };
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });
});
