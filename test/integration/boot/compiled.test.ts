import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from '../../support/client.js';
import { freePort } from '../../support/redis-server.js';
import { createEmptyDatabase, type TestDatabase } from '../../support/servers.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

describe('the compiled server', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createEmptyDatabase();
    const [code] = (await once(spawn('node', ['scripts/build.mjs'], { cwd: root }), 'exit')) as [number];
    expect(code).toBe(0);
  }, 120_000);
  afterAll(() => database.drop());

  it('starts, migrates a new database, serves its documentation and stops', async () => {
    const port = await freePort();
    const server = spawn(process.execPath, ['dist/src/main.js'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], PORT: String(port), DATABASE_URL: database.url, LOG_LEVEL: 'warn' },
    });
    const ended = once(server, 'exit');
    const announcement = await announced(server);
    const [, key = ''] = /Admin key {6}(chimera_\S+)/.exec(announcement) ?? [];
    const admin = new Client(`http://127.0.0.1:${port}`, key);
    expect((await admin.post('/v1/tenants', { tenantId: 't_compiled' })).status).toBe(201);
    expect((await admin.get('/docs')).status).toBe(200);
    expect((await admin.get('/openapi.json')).body).toMatchObject({ openapi: '3.1.0' });
    server.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});

/** What it writes until it serves. */
async function announced({ stdout }: ChildProcess): Promise<string> {
  let written = '';
  for await (const part of stdout?.setEncoding('utf8') ?? []) {
    written += String(part);
    if (written.includes('curl')) return written;
  }
  throw new Error(`It ended before it served: ${written}`);
}
