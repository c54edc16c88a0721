import { taskStatuses } from './contract.ts';
import type { Percentiles } from './percentiles.ts';
import type { Snapshot } from './scoreboard.ts';

/** Where a run takes place. */
export interface Heading {
  readonly url: string;
  readonly tenantId: string;
}

/** The live table, one string a line, none wider than `width` characters. */
export function renderTable(heading: Heading, snapshot: Snapshot, width: number): readonly string[] {
  const { stats, counters } = snapshot;
  const lines = [
    `Chimera demo   ${heading.url}   tenant ${heading.tenantId}   ${clock(snapshot.elapsedMs)}`,
    snapshot.serverAnswers ? '' : 'The server does not answer. Waiting for it to come back …',
    row(
      'Agents',
      `${counts(['ACTIVE', 'IDLE', 'BUSY', 'OFFLINE'], stats?.agents)}   crashed ${counters.crashes}, came back ${counters.comebacks}`,
    ),
    row('Tasks', counts(taskStatuses, stats?.tasks)),
    row(
      'Submitted',
      `${snapshot.submitted} of ${snapshot.total}   in ${rate(snapshot.submittedPerSecond)}   finished ${rate(snapshot.finishedPerSecond)}`,
    ),
    row('Latency', `${cell('p50')}${cell('p95')}${cell('p99')}${cell('max')}`),
    row('  to assigned', latency(snapshot.toAssigned)),
    row('  to final', latency(snapshot.toFinal)),
    row('Held', `${stats?.reviews.pending ?? 0} waiting, ${snapshot.heldInAll} in all${reasons(snapshot)}`),
    row(
      'Operator',
      `approved ${counters.approved}   edited ${counters.edited}   rejected ${counters.rejected}   carried out ${counters.carriedOut}`,
    ),
    row(
      'Trouble',
      `failed ${counters.failuresReported}   sent back ${counters.sentBack}   released ${counters.released}   leases lost ${counters.leasesLost}   reconnects ${counters.reconnects}`,
    ),
  ];
  return lines.map((line) => truncate(line, width));
}

/** The same in one line, for a log. */
export function renderProgress(snapshot: Snapshot): string {
  const { stats } = snapshot;
  return [
    clock(snapshot.elapsedMs),
    snapshot.serverAnswers
      ? `submitted ${snapshot.submitted}/${snapshot.total}`
      : 'server does not answer, waiting',
    `tasks ${counts(taskStatuses, stats?.tasks, true)}`,
    `agents ${counts(['ACTIVE', 'IDLE', 'BUSY', 'OFFLINE'], stats?.agents, true)}`,
    `held ${stats?.reviews.pending ?? 0}`,
    `finished ${rate(snapshot.finishedPerSecond)}`,
    `assigned p95 ${milliseconds(snapshot.toAssigned.p95)}`,
  ].join(' | ');
}

/** The percentiles in a line of equal cells: p50, p95, p99, max. */
export function latency({ p50, p95, p99, max }: Percentiles): string {
  return [p50, p95, p99, max].map((value) => cell(milliseconds(value))).join('');
}

/** The counts that are not zero, the most telling first: `PII 12 · SECRET 3`. */
export function reasonCounts(held: Snapshot['held'], most: number): string {
  return held
    .slice(0, most)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(' · ');
}

function reasons(snapshot: Snapshot): string {
  return snapshot.held.length === 0 ? '' : `:  ${reasonCounts(snapshot.held, 5)}`;
}

function counts<K extends string>(
  keys: readonly K[],
  values: Partial<Record<K, number>> | undefined,
  short = false,
): string {
  const shown = keys.map((key) => [key, values?.[key] ?? 0] as const).filter(([, count]) => count > 0);
  if (shown.length === 0) return 'none';
  return shown
    .map(([key, count]) => (short ? `${key}=${count}` : `${key} ${count}`))
    .join(short ? ' ' : '   ');
}

function row(name: string, text: string): string {
  return `${name.padEnd(15)}${text}`;
}

function cell(text: string): string {
  return text.padStart(10);
}

function rate(perSecond: number): string {
  return `${perSecond.toFixed(1)}/s`;
}

function milliseconds(value: number | null): string {
  if (value === null) return '-';
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`;
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

function truncate(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}
