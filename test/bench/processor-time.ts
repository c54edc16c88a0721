import { readdir, readFile } from 'node:fs/promises';
import type { Delivered } from './client-process.js';
import type { Figures } from './statistics.js';

/** The processes that a contender consists of, beside its client. */
export type Pids = Readonly<Record<string, number>>;

/** What `/proc` counts in; the kernel's USER_HZ is 100 on every platform that Node runs on. */
const ticksPerSecond = 100;

/**
 * Adds to a round's figures how many cores were busy meanwhile: `clientCores` for the load itself and, on Linux, one figure
 * for each process with its children. A client near 1 measures itself.
 */
export async function measuring(pids: Pids, work: () => Promise<Delivered<Figures>>): Promise<Figures> {
  const [begun, before] = [performance.now(), await secondsUsed(pids)];
  const { result, cpu } = await work();
  const [elapsed, after] = [(performance.now() - begun) / 1_000, await secondsUsed(pids)];
  const cores: Record<string, number> = { clientCores: cpu };
  for (const [name, seconds] of Object.entries(after)) {
    cores[`${name}Cores`] = (seconds - (before[name] ?? NaN)) / elapsed;
  }
  return { ...result, ...cores };
}

interface ProcessTime {
  readonly parent: number;
  /** With what its ended children have used. */
  readonly seconds: number;
}

/** Nothing where there is no `/proc`. */
async function secondsUsed(pids: Pids): Promise<Record<string, number>> {
  const processes = await allProcesses();
  const used: Record<string, number> = {};
  for (const [name, pid] of Object.entries(pids)) {
    const family = [...processes].filter(([id, { parent }]) => id === pid || parent === pid);
    if (family.length > 0) used[name] = family.reduce((sum, [, { seconds }]) => sum + seconds, 0);
  }
  return used;
}

async function allProcesses(): Promise<ReadonlyMap<number, ProcessTime>> {
  const names = await readdir('/proc').catch(() => []);
  const entries = await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => [Number(name), await timeOf(name)] as const),
  );
  return new Map(entries.flatMap(([pid, time]) => (time ? [[pid, time]] : [])));
}

async function timeOf(pid: string): Promise<ProcessTime | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // proc_pid_stat(5): the name, in parentheses, may hold anything; what follows it begins with field 3.
  const fields = stat
    ?.slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  if (!fields) return undefined;
  const [parent = 0, user = 0, system = 0, endedUser = 0, endedSystem = 0] = [1, 11, 12, 13, 14].map(
    (index) => fields[index],
  );
  return { parent, seconds: (user + system + endedUser + endedSystem) / ticksPerSecond };
}
