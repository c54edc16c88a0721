import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';

interface LockedPackage {
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly cpu?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Lock = Readonly<Record<string, LockedPackage>>;

describe('package-lock.json', () => {
  let packages: Lock;

  beforeAll(async () => {
    const text = await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8');
    ({ packages } = JSON.parse(text) as { packages: Lock });
  });

  it('says of every package what it has to be, byte for byte, but for some of other platforms', () => {
    const installed = Object.entries(packages).filter(([path]) => path !== '');
    expect(installed.length).toBeGreaterThan(100);
    const unsure = installed.filter(
      ([, { integrity = '', optional = false, cpu }]) =>
        !/^sha512-[\w+/]{86}==$/.test(integrity) && !(optional && cpu),
    );
    expect(unsure.map(([path]) => path)).toEqual([]);
  });

  it('holds the packages of every platform, without which npm ci refuses to install on any', () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });
});
