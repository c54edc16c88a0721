import { chmod, mkdir, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, escapeLiteral } from 'pg';
import { BootError } from '../models/boot-error.js';
import { dataPaths, ensureCluster, superuser, type DataPaths } from './embedded-postgres/cluster.js';
import {
  findPostmaster,
  startPostmaster,
  stopPostmaster,
  type Postmaster,
} from './embedded-postgres/postmaster.js';
import { chooseAccount, locatePrograms } from './embedded-postgres/server-account.js';

export interface EmbeddedPostgresOptions {
  /** Kept across restarts; made when it is missing. */
  readonly dataDir: string;
  /** PostgreSQL settings that replace the built-in ones, by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running PostgreSQL that belongs to this process. */
export interface EmbeddedPostgres {
  /** Connects to the database `chimera` as its owner, who is no superuser. */
  readonly url: string;
  /** Ends the server within 10 s, also when called again. */
  stop(): Promise<void>;
}

/** The name of both the database and the role that owns it. */
const chimera = 'chimera';
/** The advisory lock that the one process that uses a data directory holds: the letters `CHIM`. */
const ownerLock = 0x43_48_49_4d;
const ownerPatienceMs = 2_000;

/**
 * Brings up the PostgreSQL that npm installed on a data directory, making the cluster, the role and the database at
 * first use. A server that a killed run left behind is taken over. The server listens on 127.0.0.1 alone and does not
 * share this process's terminal signals: it ends when `stop` is called, and not before.
 * @throws BootError when it cannot, with the reason and the way out.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (error) {
    if (error instanceof BootError || !isFileFault(error)) throw error;
    throw new BootError(
      `The data directory cannot be used (${error.message}): set CHIMERA_DATA_DIR to a folder of your own, or DATABASE_URL to a PostgreSQL of your own.`,
      { cause: error },
    );
  }
}

async function start({ dataDir, settings = {} }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const paths = dataPaths(await makeDataDir(dataDir));
  const programs = await locatePrograms();
  const account = await chooseAccount(programs, paths.dataDir, paths.cluster);
  const password = await ensureCluster(paths, programs, account, settings['fsync'] !== 'off');
  const left = await findPostmaster(paths.cluster);
  const postmaster = left ?? (await startPostmaster(paths, programs, account, settings));
  const stopServer = (): Promise<void> => stopPostmaster(postmaster, paths.cluster);
  const owner = await takeOwnership(postmaster, paths, password).catch(async (error: unknown) => {
    if (!left) await stopServer();
    throw error;
  });
  const shutDown = async (): Promise<void> => {
    await owner.end();
    await stopServer();
  };
  try {
    await ensureDatabase(owner, password);
  } catch (error) {
    await shutDown();
    throw error;
  }
  let stopped: Promise<void> | undefined;
  return {
    url: `postgresql://${chimera}:${password}@127.0.0.1:${postmaster.port}/${chimera}`,
    stop: () => (stopped ??= shutDown()),
  };
}

function isFileFault(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && ('path' in error || ('code' in error && error.code === 'ENOSPC'));
}

/** A new directory lets others pass but not look: PostgreSQL may have to run as another user than the caller. */
async function makeDataDir(dataDir: string): Promise<string> {
  const path = resolve(dataDir);
  if ((await mkdir(path, { recursive: true })) !== undefined) {
    await chmod(path, process.geteuid?.() === 0 ? 0o711 : 0o700);
  }
  return realpath(path);
}

/**
 * Holds a lock for as long as this process lives, so that a second one does not take over a database in use, nor end
 * it. The kernel gives the lock back whatever way the process ends.
 */
async function takeOwnership(postmaster: Postmaster, paths: DataPaths, password: string): Promise<Client> {
  const client = await connect(postmaster, paths, password);
  const deadline = Date.now() + ownerPatienceMs;
  while (!(await tryLock(client))) {
    if (Date.now() > deadline) {
      const owner = await ownerName(client);
      await client.end();
      throw new BootError(
        `${paths.dataDir} is in use by another Chimera (${owner}): stop that one, or set CHIMERA_DATA_DIR to another folder and PORT to another port.`,
      );
    }
    await delay(50);
  }
  return client;
}

async function connect({ port }: Postmaster, paths: DataPaths, password: string): Promise<Client> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: superuser,
    password,
    database: 'postgres',
    ssl: false,
    application_name: `chimera ${process.pid}`,
  });
  // A server that goes away shows in every query of the application: here it only must not end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BootError(
      `The embedded PostgreSQL refuses the password in ${paths.passwordFile} (${reason}): put back the file that belongs to ${paths.cluster}.`,
      { cause },
    );
  }
  return client;
}

async function tryLock(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
    ownerLock,
  ]);
  return rows[0]?.locked === true;
}

async function ownerName(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT application_name AS name FROM pg_stat_activity JOIN pg_locks USING (pid)
      WHERE locktype = 'advisory' AND granted AND objid = $1::bigint::oid`,
    [ownerLock],
  );
  return rows[0]?.name.replace('chimera', 'process') ?? 'a process that has just ended';
}

async function ensureDatabase(client: Client, password: string): Promise<void> {
  const { rows } = await client.query<{ role: boolean; database: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS role,
            EXISTS (SELECT FROM pg_database WHERE datname = $1) AS database`,
    [chimera],
  );
  if (!rows[0]?.role) {
    await client.query(
      `CREATE ROLE ${chimera} LOGIN CREATEDB CREATEROLE PASSWORD ${escapeLiteral(password)}`,
    );
  }
  if (!rows[0]?.database) await client.query(`CREATE DATABASE ${chimera} OWNER ${chimera}`);
}
