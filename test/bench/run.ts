import type { BenchOptions } from '../../scripts/lib/bench-options.mjs';
import {
  type MeasuredStore,
  startMeasuredPostgres,
  startMeasuredRedis,
} from '../support/measured-servers.js';
import type { Bench, Launch, Running } from './contender.js';
import { interleave, type Turn } from './schedule.js';
import type { Figures, Round } from './statistics.js';

/** The rounds of each contender in each case. */
export class Rounds {
  readonly #rounds = new Map<string, Round[]>();

  add(caseName: string, contender: string, round: Round): void {
    const key = `${caseName}\n${contender}`;
    this.#rounds.set(key, [...(this.#rounds.get(key) ?? []), round]);
  }

  of(caseName: string, contender: string): readonly Round[] {
    return this.#rounds.get(`${caseName}\n${contender}`) ?? [];
  }
}

export interface RunContext {
  readonly options: BenchOptions;
  readonly reportFolder: string;
  /** Told of each turn that is over. */
  readonly tell: (line: string) => void;
  /** Once it aborts, no further turn begins. */
  readonly stopping: AbortSignal;
}

/** Measures a bench: every launch starts all servers anew and lets the contenders take turns. */
export async function runBench(bench: Bench, context: RunContext): Promise<Rounds> {
  const rounds = new Rounds();
  for (let number = 1; number <= context.options.launches; number += 1) {
    await runLaunch(bench, number, context, rounds);
  }
  return rounds;
}

async function runLaunch(bench: Bench, number: number, context: RunContext, rounds: Rounds): Promise<void> {
  const { options, tell, stopping } = context;
  const { launch, end } = openLaunch(bench.name, number, context);
  const running = new Map<string, Running>();
  const names = bench.contenders.map(({ name }) => name);
  try {
    for (const contender of bench.contenders) {
      stopping.throwIfAborted();
      running.set(contender.name, await contender.start(launch));
    }
    const measure = async (
      { caseName, contender }: Omit<Turn, 'round'>,
      seconds: number,
    ): Promise<Figures> => {
      stopping.throwIfAborted();
      return (await running.get(contender)?.measure(caseName, seconds)) ?? {};
    };
    if (options.warmUpSeconds > 0) {
      for (const { caseName, contender } of interleave(1, bench.cases, names)) {
        await measure({ caseName, contender }, options.warmUpSeconds);
      }
    }
    for (const { round, caseName, contender } of interleave(options.rounds, bench.cases, names)) {
      const figures = await measure({ caseName, contender }, options.seconds);
      rounds.add(caseName, contender, { launch: number, round, figures });
      tell(`launch ${number}, ${caseName}, round ${round}: ${contender.padEnd(14)} ${inBrief(figures)}`);
    }
  } finally {
    await end();
  }
}

function inBrief(figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${value >= 100 ? value.toFixed(0) : value.toPrecision(3)}`)
    .join(', ');
}

function openLaunch(
  benchName: string,
  number: number,
  { options, reportFolder }: RunContext,
): { readonly launch: Launch; readonly end: () => Promise<void> } {
  const undo: (() => Promise<unknown>)[] = [];
  const atEnd = (work: () => Promise<unknown>): void => void undo.push(work);
  const opened: { postgres?: Promise<MeasuredStore>; redis?: Promise<MeasuredStore> } = {};
  const open = async (start: () => Promise<MeasuredStore>): Promise<MeasuredStore> => {
    const store = await start();
    atEnd(() => store.stop());
    return store;
  };
  const launch: Launch = {
    options,
    benchName,
    number,
    reportFolder,
    postgres: () => (opened.postgres ??= open(startMeasuredPostgres)),
    redis: () => (opened.redis ??= open(startMeasuredRedis)),
    atEnd,
  };
  return {
    launch,
    end: async () => {
      for (const work of undo.splice(0).reverse()) await work();
    },
  };
}
