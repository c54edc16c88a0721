import { type AccountReport, rules } from './account.js';
import { failuresOf, type Latencies } from './meter.js';
import type { RunReport } from './report.js';

/** A run in a table of lines, promises last. */
export function summary(run: RunReport): string {
  const { options, outcome, account, verdicts } = run;
  const lines = [
    '',
    `${titleOf(run)}: ${options.agents} agents, ${options.durationS} s, ${options.instances} API process${options.instances === 1 ? '' : 'es'}, ${options.redis ? 'Redis' : 'PostgreSQL only'}`,
    '',
    row(['', 'count', 'failed', 'mean', 'p50', 'p95', 'p99', 'max']),
    ...measuredIn(outcome.totals).map(([name, one]) =>
      row([
        name,
        String(one.count),
        String(failuresOf(one)),
        ...[one.mean, one.p50, one.p95, one.p99, one.max].map((ms) => ms.toFixed(1)),
      ]),
    ),
    '',
    ...Object.entries(outcome.figures).map(([name, value]) => `  ${name}: ${short(value)}`),
    `  load generator busy: ${(outcome.generatorBusy * 100).toFixed(0)} %${outcome.generatorBusy > 0.9 ? ' (it may be the bottleneck)' : ''}`,
    '',
    `  account: ${account.submitted} submitted (${account.unanswered} unanswered) = ${account.final} final + ${account.waiting} waiting (${statusesOf(account)}); ${account.transitions} transitions, ${account.auditEvents} audit events`,
    ...account.breaches.flatMap(({ rule, count, examples }) => [
      `  ✗ ${rules[rule]}: ${count} times not`,
      ...examples.map((example) => `      ${example}`),
    ]),
    '',
    ...verdicts.map(
      ({ promise, measured, unit, floor, aim, kept }) =>
        `  ${kept ? '✓' : '✗'} ${promise}: ${short(measured)} ${unit} (at most ${short(floor)}${aim === undefined ? '' : `, aim ${short(aim)}`})`,
    ),
    '',
  ];
  return lines.join('\n');
}

function statusesOf({ byStatus }: AccountReport): string {
  return Object.entries(byStatus)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ');
}

/** What was measured after the warm-up. */
function measuredIn(totals: Readonly<Record<string, Latencies>>): [string, Latencies][] {
  return Object.entries(totals).filter(([, one]) => one.count > 0 || failuresOf(one) > 0);
}

/** The scenario, and how many processes where there are several. */
export function titleOf({ options }: Pick<RunReport, 'options'>): string {
  const variant = options.scenario === 'fairness' && options.shared ? ' (shared workers)' : '';
  return `${options.scenario}${variant}${options.instances > 1 ? ` ×${options.instances}` : ''}`;
}

/** A number without needless digits. */
export function short(value: number): string {
  if (Number.isNaN(value)) return 'not measured';
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(Math.abs(value) >= 100 ? 0 : 2);
}

function row(cells: readonly string[]): string {
  const [name = '', ...numbers] = cells;
  return `  ${name.padEnd(34)}${numbers.map((cell) => cell.padStart(10)).join('')}`;
}
