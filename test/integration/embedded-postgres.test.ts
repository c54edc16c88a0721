import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type QueryResultRow } from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/lib/embedded-postgres.js';
import { BootError } from '../../src/models/boot-error.js';

describe('embedded PostgreSQL', () => {
  let folder: string;
  let dataDir: string;
  const started: EmbeddedPostgres[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chimera-embedded-'));
    dataDir = join(folder, 'data');
  });

  afterEach(async () => {
    for (const database of started.splice(0)) await database.stop();
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  async function start(directory = dataDir): Promise<EmbeddedPostgres> {
    const database = await startEmbeddedPostgres({ dataDir: directory, settings: { fsync: 'off' } });
    started.push(database);
    return database;
  }

  it('keeps the data across a stop and a start, below a directory that is closed to others', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE note AS SELECT 1 AS number');
    await first.stop();
    await expect(query(first.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
    const second = await start();
    expect(await query(second.url, 'SELECT number FROM note')).toEqual([{ number: 1 }]);
  });

  it('listens on the loopback address alone and gives out an owner who is no superuser', async () => {
    const { url } = await start();
    expect(new URL(url).hostname).toBe('127.0.0.1');
    const [row] = await query(
      url,
      `SELECT current_setting('listen_addresses') AS addresses, rolsuper AS super,
              pg_get_userbyid(datdba) = current_user AS owner, datlocale AS locale
         FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()`,
    );
    expect(row).toEqual({ addresses: '127.0.0.1', super: false, owner: true, locale: 'C.UTF-8' });
  });

  it('waits for the disk at every commit unless it is told otherwise', async () => {
    const database = await startEmbeddedPostgres({ dataDir });
    started.push(database);
    const [row] = await query(
      database.url,
      `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`,
    );
    expect(row).toEqual({ fsync: 'on', commit: 'on' });
  });

  it('refuses to be used by two at once, and names who is using it', async () => {
    const { url } = await start();
    await expect(start()).rejects.toThrow(
      new RegExp(`in use by another Chimera \\(process ${process.pid}\\): .*CHIMERA_DATA_DIR.*PORT`),
    );
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('takes over the server of a run that was killed, and ends it', async () => {
    const url = await startInAKilledProcess(dataDir);
    await query(url, 'UPDATE note SET number = 2');
    const adopted = await start();
    expect(adopted.url).toBe(url);
    await adopted.stop();
    await expect(query(url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
    const { url: next } = await start();
    expect(await query(next, 'SELECT number FROM note')).toEqual([{ number: 2 }]);
  });

  it('begins again where making the cluster was interrupted', async () => {
    const directory = join(folder, 'interrupted');
    const unfinished = join(directory, 'postgres.init-0123456789ab');
    await mkdir(join(unfinished, 'data', 'base'), { recursive: true });
    await writeFile(join(unfinished, 'data', 'PG_VERSION'), '18\n');
    await writeFile(join(directory, 'postgres-password'), '');
    const { url } = await start(directory);
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect((await readdir(directory)).sort()).toEqual(['postgres', 'postgres-password', 'postgres.log']);
  });

  it('is not held up by the process file of a server that is gone, though its number is taken again', async () => {
    const stale = [process.pid, join(dataDir, 'postgres'), 1, 5432, '', '127.0.0.1', '1 1', 'ready'];
    await writeFile(join(dataDir, 'postgres', 'postmaster.pid'), `${stale.join('\n')}\n`);
    const { url } = await start();
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('stops within 10 s while transactions are open, once for all callers', async () => {
    const database = await start();
    const client = new Client({ connectionString: database.url });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('BEGIN');
    const begun = performance.now();
    await Promise.all([database.stop(), database.stop()]);
    expect(performance.now() - begun).toBeLessThan(10_000);
    await client.end();
  });

  it('leaves the rows and statements that a constraint refused out of its log', async () => {
    const { url } = await start();
    await query(url, 'CREATE TABLE output (text text CHECK (length(text) < 3))');
    await expect(query(url, `INSERT INTO output VALUES ('canary')`)).rejects.toThrow('check constraint');
    const log = await readFile(join(dataDir, 'postgres.log'), 'utf8');
    expect(log).toContain('violates check constraint');
    expect(log).not.toContain('canary');
  });

  it.each([
    [
      'the password is lost',
      'postgres-password',
      undefined,
      /postgres-password, .* is missing or empty: put the file back/,
    ],
    [
      'the password is another one',
      'postgres-password',
      'another',
      /refuses the password in .*postgres-password/,
    ],
    [
      'PostgreSQL refuses the cluster',
      'postgres/PG_VERSION',
      '12\n',
      /did not start \(database files are incompatible/,
    ],
  ])('says what to do when %s', async (_case, file, content, sentence) => {
    const path = join(dataDir, file);
    const aside = join(folder, 'aside');
    await rename(path, aside);
    if (content !== undefined) await writeFile(path, content, { mode: 0o644 });
    try {
      const refused = start();
      await expect(refused).rejects.toBeInstanceOf(BootError);
      await expect(refused).rejects.toThrow(sentence);
    } finally {
      await rename(aside, path);
    }
  });

  it('says which setting to change when the data directory is of no use', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(start(file)).rejects.toThrow(
      /^The data directory cannot be used \(EEXIST.*CHIMERA_DATA_DIR.*DATABASE_URL/,
    );
  });
});

async function query(url: string, sql: string): Promise<QueryResultRow[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<QueryResultRow>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Starts the database in a process of its own, which is then killed with no chance to clear up. */
async function startInAKilledProcess(dataDir: string): Promise<string> {
  const program = `
    import './test/support/typescript.mjs';
    const { startEmbeddedPostgres } = await import('./src/lib/embedded-postgres.ts');
    const { url } = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, settings: { fsync: 'off' } });
    console.log(url);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const url = await Promise.race([once(child.stdout.setEncoding('utf8'), 'data'), exited]);
  child.kill('SIGKILL');
  await exited;
  return String(url[0]).trim();
}
