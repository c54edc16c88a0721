import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AccountReport, rules } from './account.js';
import type { MachineFacts } from './machine.js';
import type { Second } from './meter.js';
import type { RunOptions } from './options.js';
import type { Outcome } from './plan.js';
import type { Sample } from './sampler.js';
import type { Verdict } from './verdict.js';

/** All that is kept of one run. */
export interface RunReport {
  readonly options: RunOptions;
  readonly begun: string;
  /** What the servers were told beside their addresses. */
  readonly settings: Readonly<Record<string, string>>;
  readonly outcome: Omit<Outcome, 'seen'>;
  readonly account: AccountReport;
  readonly verdicts: readonly Verdict[];
  readonly seconds: readonly Second[];
  readonly samples: readonly Sample[];
}

/** The whole report. */
export interface LoadReport {
  readonly machine: MachineFacts;
  readonly runs: readonly RunReport[];
}

const page = fileURLToPath(new URL('page/', import.meta.url));
const uplot = new URL('./dist/', new URL('../', import.meta.resolve('uplot')));

/** Writes `report.json` and `report.html`, which needs nothing but itself. Returns the paths. */
export async function writeReport(
  folder: string,
  report: LoadReport,
): Promise<{ json: string; html: string }> {
  await mkdir(folder, { recursive: true });
  const json = join(folder, 'report.json');
  const html = join(folder, 'report.html');
  await writeFile(json, JSON.stringify(report, null, 1));
  await writeFile(html, await htmlOf(report));
  return { json, html };
}

async function htmlOf(report: LoadReport): Promise<string> {
  const [template, styles, script, chartStyles, chartScript] = await Promise.all([
    readFile(join(page, 'report.html'), 'utf8'),
    readFile(join(page, 'report.css'), 'utf8'),
    readFile(join(page, 'report.js'), 'utf8'),
    readFile(new URL('uPlot.min.css', uplot), 'utf8'),
    readFile(new URL('uPlot.iife.min.js', uplot), 'utf8'),
  ]);
  const parts: Readonly<Record<string, string>> = {
    styles: chartStyles + styles,
    charts: chartScript,
    script,
    // Within a script element nothing but this could end it.
    data: JSON.stringify({ ...report, rules }).replaceAll('<', '\\u003c'),
  };
  return template.replaceAll(/<!--(\w+)-->/gu, (whole, name: string) => parts[name] ?? whole);
}
