import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const configuration = '.dependency-cruiser.mjs';

/** A small house in which every import is allowed. */
const lawful: Readonly<Record<string, readonly string[]>> = {
  'src/main.ts': ['./server.js', './config.js'],
  'src/server.ts': ['./app.module.js', './modules/task.module.js', './config.js', '@nestjs/core'],
  'src/app.module.ts': ['./modules/task.module.js'],
  'src/config.ts': ['./models/task.js', 'node:process'],
  'src/models/task.ts': ['./json.js', 'canonicalize', 'node:crypto'],
  'src/models/json.ts': [],
  'src/ports/ledger.ts': ['../models/task.js'],
  'src/services/tasks.ts': ['../ports/ledger.js', '../models/task.js', '@nestjs/common', 'uuidv7'],
  'src/lib/postgres/migrate.ts': ['../../../migrations/1-first.js'],
  'src/lib/postgres-ledger.ts': ['../ports/ledger.js', '../models/task.js', 'pg', 'node:fs/promises'],
  'src/api/tasks.controller.ts': [
    '../services/tasks.js',
    '../models/task.js',
    '@nestjs/common',
    'node:stream',
  ],
  'src/modules/task.module.ts': [
    '../lib/postgres-ledger.js',
    '../ports/ledger.js',
    '../services/tasks.js',
    '../config.js',
  ],
  'migrations/1-first.ts': ['typeorm'],
  'demo/fleet.ts': ['./client.ts', 'node:http', 'canonicalize'],
  'demo/client.ts': [],
  'verify/audit-verify.ts': ['./chain.ts', 'canonicalize', 'node:crypto'],
  'verify/chain.ts': [],
  'test/unit/task.test.ts': ['../../src/models/task.js', '../../src/services/tasks.js'],
  'scripts/start.mjs': ['./lib/install.mjs', 'node:fs'],
  'scripts/lib/install.mjs': [],
};

interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

/** What breaks each law: the file that does, and what it imports. */
const planted: readonly (readonly [rule: string, from: string, specifier: string, to: string])[] = [
  ['models-import-models', 'src/models/a.ts', '../ports/ledger.js', 'src/ports/ledger.ts'],
  ['models-import-models', 'src/models/b.ts', 'uuidv7', 'node_modules/uuidv7/index.js'],
  ['models-import-models', 'src/models/c.ts', 'node:fs', 'fs'],
  ['ports-import-models', 'src/ports/a.ts', '../services/tasks.js', 'src/services/tasks.ts'],
  ['ports-import-models', 'src/ports/b.ts', '@nestjs/common', 'node_modules/@nestjs/common/index.js'],
  [
    'services-import-models-and-ports',
    'src/services/a.ts',
    '../lib/postgres-ledger.js',
    'src/lib/postgres-ledger.ts',
  ],
  ['services-import-models-and-ports', 'src/services/b.ts', 'typeorm', 'node_modules/typeorm/index.js'],
  ['services-import-models-and-ports', 'src/services/c.ts', 'node:fs/promises', 'fs/promises'],
  ['lib-imports-models-and-ports', 'src/lib/a.ts', '../services/tasks.js', 'src/services/tasks.ts'],
  [
    'api-imports-models-and-services',
    'src/api/a.ts',
    '../lib/postgres-ledger.js',
    'src/lib/postgres-ledger.ts',
  ],
  ['api-imports-models-and-services', 'src/api/b.ts', '../ports/ledger.js', 'src/ports/ledger.ts'],
  ['api-has-no-store', 'src/api/c.ts', 'pg', 'node_modules/pg/index.js'],
  [
    'only-the-roots-import-modules',
    'src/main-helper.ts',
    './modules/task.module.js',
    'src/modules/task.module.ts',
  ],
  ['roots-are-not-imported', 'src/modules/a.ts', '../app.module.js', 'src/app.module.ts'],
  ['config-is-read-at-the-roots', 'src/boot.ts', './config.js', 'src/config.ts'],
  ['config-imports-models', 'src/config.ts', './services/tasks.js', 'src/services/tasks.ts'],
  ['src-imports-src', 'src/modules/b.ts', '../../demo/client.ts', 'demo/client.ts'],
  ['migrations-are-run-by-one-file', 'src/lib/d.ts', '../../migrations/1-first.js', 'migrations/1-first.ts'],
  ['demo-speaks-http', 'demo/a.ts', '../src/models/task.js', 'src/models/task.ts'],
  ['verify-trusts-nothing', 'verify/a.ts', '../src/models/task.js', 'src/models/task.ts'],
  ['verify-trusts-nothing', 'verify/b.ts', 'pg', 'node_modules/pg/index.js'],
  ['migrations-stand-alone', 'migrations/2-second.ts', '../src/models/task.js', 'src/models/task.ts'],
  ['migrations-stand-alone', 'migrations/3-third.ts', 'pg', 'node_modules/pg/index.js'],
  ['scripts-run-before-the-install', 'scripts/a.mjs', 'pg', 'node_modules/pg/index.js'],
  ['no-cycles', 'src/models/d.ts', './e.js', 'src/models/e.ts'],
  ['no-barrels', 'src/models/index.ts', './task.js', 'src/models/task.ts'],
  ['no-imports-of-barrels', 'src/models/f.ts', './index.js', 'src/models/index.ts'],
  ['imports-resolve', 'src/modules/d.ts', './nowhere.js', './nowhere.js'],
];

describe('layer rules', () => {
  let house: string;

  beforeAll(async () => {
    house = await mkdtemp(join(tmpdir(), 'chimera-layers-'));
    for (const file of [configuration, 'tsconfig.json']) await cp(join(checkout, file), join(house, file));
    await writeFile(join(house, 'package.json'), '{"type": "module"}');
    for (const name of ['@nestjs/common', '@nestjs/core', 'canonicalize', 'pg', 'typeorm', 'uuidv7']) {
      await write(`node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js' }));
      await write(`node_modules/${name}/index.js`, '');
    }
    for (const [file, specifiers] of Object.entries(lawful)) await writeImports(file, specifiers);
  });

  afterAll(async () => {
    await rm(house, { recursive: true });
  });

  async function write(file: string, text: string): Promise<void> {
    const path = join(house, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  /** Imports of types alone, where the language has them: they count as much as any other. */
  async function writeImports(file: string, specifiers: readonly string[]): Promise<void> {
    const statement = file.endsWith('.ts') ? 'import type {} from' : 'import';
    await write(
      file,
      [...specifiers.map((specifier) => `${statement} '${specifier}';`), 'export {};', ''].join('\n'),
    );
  }

  it('allow what the architecture allows', async () => {
    expect(await violationsIn(house)).toEqual([]);
  });

  it('fire each on a planted violation, and on nothing else', async () => {
    for (const [, from, specifier] of planted) await writeImports(from, [specifier]);
    await writeImports('src/models/e.ts', ['./d.js']);
    const expected = planted.map(([rule, from, , to]) => ({ rule, from, to }));
    expect(sorted(await violationsIn(house))).toEqual(sorted(expected));
  });

  it('have each been seen firing', async () => {
    const { default: rules } = (await import(join(checkout, configuration))) as {
      default: { forbidden: readonly { name: string }[] };
    };
    const fired = new Set(planted.map(([rule]) => rule));
    expect([...fired].sort()).toEqual(rules.forbidden.map(({ name }) => name).sort());
  });
});

async function violationsIn(house: string): Promise<Violation[]> {
  const program = join(checkout, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const folders = ['src', 'migrations', 'demo', 'verify', 'test', 'scripts'];
  const args = [program, '--config', configuration, '--output-type', 'json', ...folders];
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd: house, maxBuffer: 2 ** 24 }, (_error, stdout) => {
      resolve(stdout);
    });
  });
  const { summary } = JSON.parse(output) as {
    summary: { violations: readonly { rule: { name: string }; from: string; to: string }[] };
  };
  return summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
}

function sorted(violations: readonly Violation[]): string[] {
  return violations.map(({ rule, from, to }) => `${rule}: ${from} → ${to}`).sort();
}
