import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BootError } from '../../models/boot-error.js';
import { readIfPresent, syncFolder } from '../files.js';
import { runToEnd, type PostgresPrograms, type ServerAccount } from './server-account.js';

/** The name that PostgreSQL's own superuser has in the cluster. */
export const superuser = 'postgres';

const stagingPrefix = 'postgres.init-';

/** Where a data directory keeps what belongs to its database. */
export interface DataPaths {
  readonly dataDir: string;
  readonly cluster: string;
  readonly passwordFile: string;
  readonly log: string;
}

export function dataPaths(dataDir: string): DataPaths {
  return {
    dataDir,
    cluster: join(dataDir, 'postgres'),
    passwordFile: join(dataDir, 'postgres-password'),
    log: join(dataDir, 'postgres.log'),
  };
}

/**
 * Makes the cluster unless it is there, and answers the password of its roles. The cluster is built aside and renamed
 * into place, so one that was interrupted half way never looks like a whole one and is built again.
 * @param durable Whether initdb waits for the disk.
 */
export async function ensureCluster(
  paths: DataPaths,
  programs: PostgresPrograms,
  account: ServerAccount,
  durable: boolean,
): Promise<string> {
  if ((await readIfPresent(join(paths.cluster, 'PG_VERSION'))) !== undefined) return readPassword(paths);
  await removeUnfinished(paths.dataDir);
  const password = randomBytes(24).toString('base64url');
  await writeSecret(paths.passwordFile, password);
  await account.own(paths.passwordFile);
  await initialise(paths, programs, account, durable);
  return password;
}

async function readPassword({ cluster, passwordFile }: DataPaths): Promise<string> {
  const password = (await readIfPresent(passwordFile))?.trim();
  if (password) return password;
  throw new BootError(
    `${passwordFile}, the password of the database in ${cluster}, is missing or empty: put the file back, or move ${cluster} away to begin with an empty database.`,
  );
}

/** An initdb that outlived its parent may still be writing there: it fails, and then the directory can be removed. */
async function removeUnfinished(dataDir: string): Promise<void> {
  const names = (await readdir(dataDir)).filter((name) => name.startsWith(stagingPrefix));
  for (const name of names) {
    await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

async function initialise(
  paths: DataPaths,
  programs: PostgresPrograms,
  account: ServerAccount,
  durable: boolean,
): Promise<void> {
  const staging = join(paths.dataDir, `${stagingPrefix}${randomBytes(6).toString('hex')}`);
  await mkdir(staging, { mode: 0o700 });
  await account.own(staging);
  const args = [
    `--pgdata=${join(staging, 'data')}`,
    `--pwfile=${paths.passwordFile}`,
    `--username=${superuser}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(durable ? [] : ['--no-sync']),
  ];
  const { code, output } = await runToEnd(
    account.spawn(programs.initdb, args, { stdio: ['ignore', 'ignore', 'pipe'] }),
  );
  if (code !== 0) {
    const reason = output.split('\n').find((line) => line.includes('error:')) ?? output.trim();
    throw new BootError(`The database in ${paths.dataDir} could not be made (${reason || 'interrupted'}).`);
  }
  await rename(join(staging, 'data'), paths.cluster);
  await rm(staging, { recursive: true });
  if (durable) await syncFolder(paths.dataDir);
}

async function writeSecret(path: string, secret: string): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, `${secret}\n`, { mode: 0o600, flag: 'wx' });
}
