import type { BenchOptions } from '../../scripts/lib/bench-options.mjs';
import type { Bench, LimitWanted, RatioWanted } from './contender.js';
import type { Rounds } from './run.js';
import { type Ratio, ratioOf, type Round, summarise, type Summary } from './statistics.js';

export interface CaseReport {
  readonly caseName: string;
  readonly contenders: readonly {
    readonly name: string;
    readonly summaries: Readonly<Record<string, Summary>>;
    readonly rounds: readonly Round[];
  }[];
}

export type RatioReport = RatioWanted & Ratio;
export type LimitReport = LimitWanted & { readonly median: number };

/** What a bench found, as the JSON report keeps it. */
export interface BenchReport {
  readonly name: string;
  readonly title: string;
  readonly includes: Readonly<Record<string, string>>;
  readonly absent: Bench['absent'];
  readonly cases: readonly CaseReport[];
  readonly ratios: readonly RatioReport[];
  readonly limits: readonly LimitReport[];
  /** Requests that failed, over all rounds: figures with failures are no figures. */
  readonly errors: number;
}

/** What was measured, where. */
export interface RunReport {
  readonly begunAt: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly options: BenchOptions;
  readonly benches: readonly BenchReport[];
}

export function reportOn(bench: Bench, rounds: Rounds): BenchReport {
  const cases = bench.cases.map((caseName) => ({
    caseName,
    contenders: bench.contenders.map(({ name }) => contenderReport(name, rounds.of(caseName, name))),
  }));
  const all = cases.flatMap(({ contenders }) => contenders.flatMap((contender) => contender.rounds));
  return {
    name: bench.name,
    title: bench.title,
    includes: Object.fromEntries(bench.contenders.map(({ name, includes }) => [name, includes])),
    absent: bench.absent,
    cases,
    ratios: bench.ratios.flatMap((wanted) => {
      const { caseName, above, below, figure } = wanted;
      const ratio = ratioOf(rounds.of(caseName, above), rounds.of(caseName, below), figure);
      return ratio ? [{ ...wanted, ...ratio }] : [];
    }),
    limits: bench.limits.flatMap((wanted) => {
      const summary = summarise(rounds.of(wanted.caseName, wanted.contender), wanted.figure);
      return summary ? [{ ...wanted, median: summary.median }] : [];
    }),
    errors: all.reduce((sum, { figures }) => sum + (figures['errors'] ?? 0), 0),
  };
}

function contenderReport(name: string, rounds: readonly Round[]): CaseReport['contenders'][number] {
  const figures = new Set(rounds.flatMap((round) => Object.keys(round.figures)));
  const summaries: Record<string, Summary> = {};
  for (const figure of figures) {
    const summary = summarise(rounds, figure);
    if (summary) summaries[figure] = summary;
  }
  return { name, summaries, rounds };
}

const columns = [
  { figure: 'perSecond', title: 'per second', digits: 0 },
  { figure: 'p50', title: 'p50 ms', digits: 2 },
  { figure: 'p95', title: 'p95 ms', digits: 2 },
  { figure: 'p99', title: 'p99 ms', digits: 2 },
  { figure: 'max', title: 'max ms', digits: 1 },
  { figure: 'errors', title: 'errors', digits: 0 },
] as const;

/** The report as lines for a terminal: medians over all rounds, with the lowest and the highest. */
export function renderBench(report: BenchReport): readonly string[] {
  return [
    '',
    report.title,
    ...Object.entries(report.includes).map(([name, includes]) => `  ${name}: ${includes}`),
    ...report.absent.map(({ name, reason }) => `  ${name}: not run. ${reason}`),
    ...report.cases.flatMap(renderCase),
    '',
    ...report.ratios.map(renderRatio),
    ...report.limits.map(renderLimit),
    ...(report.errors > 0 ? [`  ${report.errors} requests failed: these figures do not count.`] : []),
  ];
}

function renderCase({ caseName, contenders }: CaseReport): string[] {
  const shown = columns.filter(({ figure }) => contenders.some(({ summaries }) => summaries[figure]));
  const table = [
    [caseName, ...shown.map(({ title }) => title), 'cores busy', 'launches differ by'],
    ...contenders.map(({ name, summaries }) => [
      name,
      ...shown.map(({ figure, digits }) => cell(summaries[figure], digits)),
      busyCores(summaries),
      leadingSpread(summaries),
    ]),
  ];
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  return [
    '',
    ...table.map((row) =>
      row
        .map((text, column) =>
          column === 0 ? `  ${text.padEnd(widths[0] ?? 0)}` : text.padStart(widths[column] ?? 0),
        )
        .join('  '),
    ),
  ];
}

/** Which processes the work kept busy: `server 0.98, postgres 0.41, …`. */
function busyCores(summaries: Readonly<Record<string, Summary>>): string {
  return Object.entries(summaries)
    .filter(([figure]) => figure.endsWith('Cores'))
    .map(([figure, { median }]) => `${figure.slice(0, -'Cores'.length)} ${median.toFixed(2)}`)
    .join(', ');
}

/** Of the figure that a case is about: its rate, or else its middle time. */
function leadingSpread(summaries: Readonly<Record<string, Summary>>): string {
  const leading = summaries['perSecond'] ?? summaries['p95'];
  return leading && leading.launches.length > 1 ? `${leading.launchSpread.toFixed(2)}×` : '–';
}

function cell(summary: Summary | undefined, digits: number): string {
  if (!summary) return '–';
  const { median, min, max } = summary;
  const spread = min === max ? '' : ` (${min.toFixed(digits)}–${max.toFixed(digits)})`;
  return `${median.toFixed(digits)}${spread}`;
}

function renderRatio(report: RatioReport): string {
  const { above, below, caseName, figure, ratio, launches, min, max, floor, aim, lowerIsBetter } = report;
  const each = launches.map((value) => value.toFixed(2)).join(', ');
  const wanted = [
    ...(floor === undefined ? [] : [`floor ${floor} ${mark(ratio, floor, lowerIsBetter)}`]),
    ...(aim === undefined ? [] : [`aim ${aim} ${mark(ratio, aim, lowerIsBetter)}`]),
  ].join(', ');
  const spread = `launches ${each}; rounds ${min.toFixed(2)}–${max.toFixed(2)}`;
  return `  ${caseName}, ${figure}: ${above} ÷ ${below} = ${ratio.toFixed(2)} (${spread})${wanted === '' ? '' : `; ${wanted}`}`;
}

function renderLimit({ caseName, contender, figure, median, floor, aim }: LimitReport): string {
  const wanted = [
    `floor ${floor} ${mark(median, floor, true)}`,
    ...(aim === undefined ? [] : [`aim ${aim} ${mark(median, aim, true)}`]),
  ].join(', ');
  return `  ${caseName}, ${figure}: ${contender} ${median.toFixed(1)} ms; ${wanted}`;
}

function mark(value: number, wanted: number, lowerIsBetter = false): string {
  return (lowerIsBetter ? value <= wanted : value >= wanted) ? '✓' : '✗';
}
