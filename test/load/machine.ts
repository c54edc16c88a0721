import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

/** What a figure is worth nothing without. */
export interface MachineFacts {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
  readonly redis: string;
  /** The commit of the checkout, with a plus when it has been changed since. */
  readonly commit: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

/** @param postgres What the server says of itself, for it may be anywhere. */
export function machineFacts(postgres: string): MachineFacts {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    postgres,
    redis: firstLine('redis-server', ['--version']),
    commit: commit(),
  };
}

function commit(): string {
  const hash = firstLine('git', ['rev-parse', '--short', 'HEAD']);
  if (hash === unknown) return hash;
  return firstLine('git', ['status', '--porcelain', '--untracked-files=no']) === unknown ? hash : `${hash}+`;
}

const unknown = 'unknown';

function firstLine(program: string, args: readonly string[]): string {
  try {
    const output = execFileSync(program, args, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line = ''] = output.trim().split('\n');
    return line === '' ? unknown : line;
  } catch {
    return unknown;
  }
}

/**
 * How many files a process may have open here.
 * @returns Infinity where the system does not say.
 */
export function fileLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max open files\s+(\d+)/mu.exec(limits)?.[1];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}
