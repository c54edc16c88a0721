import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { BlockList, isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import type { AnySchemaObject, ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import { settings } from '../../../src/config.js';

interface Service {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
  readonly healthcheck?: object;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly networks?: readonly string[] | Readonly<Record<string, { readonly ipv4_address: string }>>;
  readonly command?: readonly string[];
  readonly ulimits?: { readonly nofile: { readonly soft: number } };
  readonly deploy?: { readonly resources: { readonly limits: Readonly<Record<string, unknown>> } };
  readonly volumes?: readonly string[];
}

interface Ipam {
  readonly config: readonly { readonly subnet: string; readonly ip_range: string }[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean; readonly ipam?: Ipam }>>;
}

const require = createRequire(import.meta.url);
const linterRoot = dirname(require.resolve('dclint/package.json'));
const file = 'deploy/compose.yaml';
const source = readFileSync(file, 'utf8');
const compose = parse(source, { merge: true }) as Compose;
const services = Object.entries(compose.services);

function networkOf(text = ''): BlockList {
  const [address = '', prefix] = text.split('/');
  const network = new BlockList();
  network.addSubnet(address, Number(prefix));
  return network;
}

function specification(): ValidateFunction {
  const schema = JSON.parse(
    readFileSync(join(linterRoot, 'schemas/compose.schema.json'), 'utf8'),
  ) as AnySchemaObject;
  // The draft is 7, but named in a form that the validator does not know.
  delete schema.$schema;
  return new Ajv({ strict: false, allErrors: true }).compile(schema);
}

describe('the compose file', () => {
  it('is valid by the schema of the compose specification, which refuses what it does not know', () => {
    const isValid = specification();
    isValid(compose);
    expect(isValid.errors ?? []).toEqual([]);
    expect(isValid({ ...compose, services: { proxy: { imagee: 'haproxy:3.2' } } })).toBe(false);
    expect(
      isValid({
        ...compose,
        services: { proxy: { image: 'haproxy:3.2', healthcheck: { intervals: '5s' } } },
      }),
    ).toBe(false);
  });

  it('passes a linter of compose files', () => {
    const style = [
      'service-keys-order',
      'services-alphabetical-order',
      'top-level-properties-order',
      'no-build-and-image',
    ];
    const options = ['--max-warnings', '0', ...style.flatMap((rule) => ['--disable-rule', rule])];
    const linter = join(linterRoot, 'bin/dclint.cjs');
    const { status, stdout } = spawnSync(process.execPath, [linter, file, ...options], { encoding: 'utf8' });
    expect([status, stdout.trim()]).toEqual([0, '']);
  });

  it('publishes one port, the proxy’s, on this machine alone', () => {
    const published = services.flatMap(([name, service]) =>
      (service.ports ?? []).map((port) => [name, port]),
    );
    expect(published).toEqual([['proxy', '127.0.0.1:${CHIMERA_PORT:-3000}:8080']]);
  });

  it.each(services)('pins the version of %s', (_name, { image, build }) => {
    if (build) expect(image).toBe('chimera:local');
    else expect(image).toMatch(/^[a-z]+:\d+\.\d+-[a-z]+$/u);
  });

  it.each(services)('takes from %s what it does not need', (_name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      restart: 'unless-stopped',
    });
    expect(Object.keys(service.deploy?.resources.limits ?? {}).sort()).toEqual(['cpus', 'memory', 'pids']);
  });

  it('keeps the stores on a network without a way out', () => {
    expect(compose.networks['back']).toEqual({ internal: true });
    expect(compose.services['postgres']?.networks).toEqual(['back']);
    expect(compose.services['redis']?.networks).toEqual(['back']);
    expect(Object.keys(compose.services['proxy']?.networks ?? {})).toEqual(['front']);
  });

  it('believes the proxy alone, at an address that nobody else is given', () => {
    const address = compose.services['api-1']?.environment?.['TRUSTED_PROXIES'] ?? '';
    expect(isIP(address)).toBe(4);
    expect(compose.services['proxy']?.networks).toEqual({ front: { ipv4_address: address } });
    const [front, ...others] = compose.networks['front']?.ipam?.config ?? [];
    expect(others).toEqual([]);
    expect(networkOf(front?.subnet).check(address)).toBe(true);
    expect(networkOf(front?.ip_range).check(address)).toBe(false);
  });

  it('gives the API processes settings that exist, the same to both', () => {
    const [first, second] = [compose.services['api-1'], compose.services['api-2']];
    expect(first).toEqual(second);
    expect(Object.keys(first?.environment ?? {}).filter((name) => !(name in settings))).toEqual([]);
    expect(first?.environment).toMatchObject({ HOST: '0.0.0.0', PORT: '3000' });
  });

  it('asks for exactly the variables that .env.example names, and holds no secret itself', () => {
    const asked = new Set([...source.matchAll(/(?<!\$)\$\{(\w+)/gu)].map((match) => match[1]));
    const lines = readFileSync('deploy/.env.example', 'utf8').split('\n');
    const named = new Map(
      lines.flatMap((line) => (/^\w+=/u.test(line) ? [line.split('=', 2) as [string, string]] : [])),
    );
    expect([...asked].sort()).toEqual([...named.keys()].sort());
    for (const secret of [
      'POSTGRES_PASSWORD',
      'REDIS_PASSWORD',
      'CHIMERA_ADMIN_KEY',
      'CHIMERA_PAYLOAD_KEYS',
      'AUDIT_SIGNING_KEY',
    ]) {
      expect(named.get(secret)).toBe('');
      expect(source).not.toMatch(new RegExp(`\\$\\{${secret}(?!:\\?)`, 'u'));
    }
  });

  it('lets Redis forget nothing to make room, and keeps its data', () => {
    const directives = readFileSync('deploy/redis.conf', 'utf8').split('\n');
    expect(directives).toEqual(
      expect.arrayContaining(['appendonly yes', 'maxmemory-policy noeviction', 'dir /data']),
    );
    expect(compose.services['redis']?.volumes).toContain('redis-data:/data');
  });
});
