import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchName, BenchOptions } from '../../scripts/lib/bench-options.mjs';
import { approveBench } from './approve.js';
import { chainBench } from './chain.js';
import { claimBench } from './claim.js';
import type { Bench } from './contender.js';
import { flowBench } from './flow.js';
import { heartbeatBench } from './heartbeat.js';
import { type BenchReport, renderBench, reportOn, type RunReport } from './report.js';
import { runBench } from './run.js';

/** What the script that starts this passes on as JSON. */
interface Orders {
  readonly options: BenchOptions;
  /** Why a peer cannot take part, by its name. */
  readonly missing: { readonly etcd?: string; readonly restate?: string };
}

const reportFolder = fileURLToPath(new URL('../../bench-report', import.meta.url));

const benches: Readonly<Record<BenchName, (orders: Orders) => Bench>> = {
  heartbeat: ({ options, missing }) => heartbeatBench(options, missing.etcd),
  claim: ({ options }) => claimBench(options),
  flow: ({ options, missing }) => flowBench(options, missing.restate),
  approve: ({ options, missing }) => approveBench(options, missing.restate),
  chain: () => chainBench(),
};

async function main(orders: Orders): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  const { options } = orders;
  const begunAt = new Date();
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  const reports: BenchReport[] = [];
  try {
    for (const name of options.benches) {
      const bench = benches[name](orders);
      tell(`\n${bench.title}`);
      const rounds = await runBench(bench, { options, reportFolder, tell, stopping: stopping.signal });
      reports.push(reportOn(bench, rounds));
    }
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    return 130;
  }
  for (const report of reports) process.stdout.write(`${renderBench(report).join('\n')}\n`);
  const path = await write({ begunAt: begunAt.toISOString(), machine: machine(), options, benches: reports });
  process.stdout.write(`${footnotes(options, path).join('\n')}\n`);
  return reports.some(({ errors }) => errors > 0) ? 1 : 0;
}

function footnotes({ rounds, launches }: BenchOptions, path: string): readonly string[] {
  return [
    '',
    `Medians over ${launches} launches of ${rounds} rounds; in brackets the lowest and the highest round.`,
    'The same servers, started anew, differ from launch to launch, by up to 1.5× as a rule: a ratio closer to 1 than that',
    'says nothing, and a single launch says little. Cores busy are over the whole round, its preparation included.',
    `Report: ${path}`,
  ];
}

async function write(report: RunReport): Promise<string> {
  await mkdir(reportFolder, { recursive: true });
  const name = `${report.options.benches.join('-')}-${report.begunAt.replaceAll(/[:.]/g, '-')}.json`;
  const path = join(reportFolder, name);
  await writeFile(path, `${JSON.stringify(report, null, 2)}\n`);
  return path;
}

function machine(): RunReport['machine'] {
  return {
    platform: `${platform()} ${release()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    node: process.version,
  };
}

process.exitCode = await main(JSON.parse(process.argv[2] ?? '') as Orders);
