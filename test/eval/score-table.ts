import type { Fault, Quality, Scores } from './score.js';

const headings = ['', 'there', 'found', 'recall', 'fired', 'right', 'precision', 'F1'] as const;
const excerptLength = 140;

/** The scores for people: a table for each way of looking, then the faults, at most `most` of each kind. */
export function scoreTable(scores: Scores, most: number): string {
  const { overall, classes, detectors, families, harmless, misses, falseAlarms } = scores;
  const held =
    harmless.share === null
      ? 'none'
      : `${harmless.held} of ${harmless.cases} held (${percent(harmless.share)})`;
  return [
    `${scores.cases} cases`,
    table('By class', { ...classes, overall }),
    table('By detector', detectors),
    familyTable(families),
    `Harmless outputs: ${held}`,
    faultList('Missed', misses, most),
    // What topics hold without need is judged by reading it: all of it is shown.
    faultList('False alarms of topics', falseAlarms.filter(isTopic), Infinity),
    faultList(
      'Other false alarms',
      falseAlarms.filter((fault) => !isTopic(fault)),
      most,
    ),
  ].join('\n\n');
}

function isTopic({ name }: Fault): boolean {
  return name.startsWith('TOPIC/');
}

/** A table of qualities, one a row. */
export function table(title: string, qualities: Readonly<Record<string, Quality>>): string {
  const rows = Object.entries(qualities).map(([name, quality]) => [name, ...qualityCells(quality)]);
  return aligned([[title, ...headings.slice(1)], ...rows]);
}

function familyTable(families: Scores['families']): string {
  const rows = Object.entries(families).map(([name, { harmless, held, ...quality }]) => [
    name,
    ...qualityCells(quality),
    String(harmless),
    String(held),
  ]);
  return aligned([['By family', ...headings.slice(1), 'harmless', 'held'], ...rows]);
}

function qualityCells({ expected, found, recall, fired, right, precision, f1 }: Quality): string[] {
  return [
    String(expected),
    String(found),
    share(recall),
    String(fired),
    String(right),
    share(precision),
    share(f1),
  ];
}

function share(value: number | null): string {
  return value === null ? '-' : value.toFixed(4);
}

function percent(value: number): string {
  return `${(100 * value).toFixed(2)} %`;
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return rows.map(line).join('\n');
}

function faultList(title: string, faults: readonly Fault[], most: number): string {
  const lines = faults
    .slice(0, most)
    .map(({ where, name, output }) => `  ${where}  ${name}  ${excerpt(output)}`);
  const more = faults.length > most ? [`  … and ${faults.length - most} more; --all lists them`] : [];
  return [`${title}: ${faults.length}`, ...lines, ...more].join('\n');
}

function excerpt(output: string): string {
  const text = JSON.stringify(output);
  return text.length > excerptLength ? `${text.slice(0, excerptLength)}…` : text;
}
