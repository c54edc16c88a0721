import { OptionError, readArguments, wholeNumber as readWholeNumber } from '../support/command-line.js';

export const scenarioNames = [
  'heartbeats',
  'pull',
  'work',
  'storm',
  'soak',
  'fairness',
  'fleet10k',
  'approve',
  'overload',
  'loss',
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** What `instances` repeats when no other scenario is named beside it. */
const repeatedByInstances = ['heartbeats', 'pull', 'work', 'storm', 'fairness', 'approve'] as const;

/** What one run of one scenario is to do. */
export interface RunOptions {
  readonly scenario: ScenarioName;
  /** Agents with connections of their own. */
  readonly agents: number;
  /** How many of the agents take tasks, on a second connection. */
  readonly pullers: number;
  /** The measured time, in seconds, without the warm-up. */
  readonly durationS: number;
  readonly warmupS: number;
  /** API processes on the same database and Redis. */
  readonly instances: number;
  /** Tasks, or approvals, per second. */
  readonly rate: number;
  /** Time between an agent's heartbeats, in milliseconds. */
  readonly intervalMs: number;
  /** The part of results that are held for a person, 0 to 1. */
  readonly held: number;
  /** Tasks that the flooding tenant submits at once. */
  readonly flood: number;
  /** Whether one worker serves both tenants of `fairness`, taking turns. */
  readonly shared: boolean;
  readonly variant: 'cut' | 'restart' | 'both';
  readonly redis: boolean;
  readonly seed: number;
  /** A folder for CPU profiles of the API processes; none unless given. */
  readonly profileDir: string | undefined;
}

/** What the command line asks for. */
export interface LoadOptions {
  readonly help: boolean;
  readonly runs: readonly RunOptions[];
  /** Where the report goes. */
  readonly out: string;
}

type Defaults = Pick<
  RunOptions,
  'agents' | 'pullers' | 'durationS' | 'warmupS' | 'rate' | 'intervalMs' | 'held'
>;

const usual = {
  agents: 1_000,
  pullers: Infinity,
  durationS: 30,
  warmupS: 5,
  intervalMs: 5_000,
  held: 0,
} as const;

/** The load at which each scenario's promises are made. */
export const defaults: Readonly<Record<ScenarioName, Defaults>> = {
  heartbeats: { ...usual, pullers: 0, rate: 0, intervalMs: 1_000 },
  pull: { ...usual, rate: 300 },
  work: { ...usual, rate: 0, held: 0.1 },
  storm: { ...usual, rate: 100, held: 0.1 },
  soak: { ...usual, durationS: 1_800, warmupS: 60, rate: 100, held: 0.1 },
  fairness: { ...usual, agents: 200, rate: 1 },
  fleet10k: { ...usual, agents: 10_000, pullers: 1_000, rate: 100, warmupS: 10, intervalMs: 10_000 },
  approve: { ...usual, rate: 100 },
  overload: { ...usual, pullers: 32, durationS: 60, rate: 0, held: 0.1 },
  loss: { ...usual, pullers: 0, durationS: 15, rate: 0, intervalMs: 1_000 },
};

export const usage = `Usage: npm run load -- SCENARIO… [options]

Starts PostgreSQL, Redis and Chimera on free ports, puts them under load, checks every task against the database and
writes load-report/. Ends with 1 when a promise is broken.

  heartbeats   each agent every second, then all of them at one instant
  pull         long polls; from a task being due to its assignment in hand
  work         the whole job, a tenth of the results held for a person: saturation, then half of it
  storm        all connections cut at once; then the server killed and started again
  soak         mixed work for long; what is used must level off
  fairness     one tenant floods, the other sends one task a second
  fleet10k     10,000 agents heartbeating every 10 s, 100 tasks/s, and somebody leafing through the list
  approve      from an operator's yes being due to the EXECUTE assignment in hand
  overload     five times what can be done at most, from submitters that do not ask twice; then the return
  loss         three agents of ten cut off for --duration, less than the grace; then one of twenty dies
  instances    the scenarios named beside it (or all but soak, fleet10k, overload and loss) with 1, 2 and 4 API processes
  all          all but soak and instances

  --agents N          agents (default 1000; fairness 200, fleet10k 10000)
  --pullers N         how many of them take tasks, on a connection of its own (default all; fleet10k 1000, overload 32)
  --duration S        measured seconds (default 30; overload 60, soak 1800, loss 15)
  --warmup S          seconds before that (default 5; soak 60, fleet10k 10)
  --instances K       API processes, 1-16 (default 1)
  --rate R            tasks or approvals a second (default: pull 300, storm, soak, fleet10k and approve 100)
  --interval MS       between an agent's heartbeats (default 5000; heartbeats and loss 1000, fleet10k 10000)
  --held P            per cent of the results that are held (default: work, storm, soak and overload 10, pull 0)
  --flood N           fairness: tasks of the flood (default 100000)
  --shared            fairness: each worker serves both tenants, taking turns
  --variant V         storm: cut, restart or both (default both)
  --redis             registry and queues on Redis (the default)
  --postgres-only     registry and queues on PostgreSQL
  --cpu-prof DIR      write CPU profiles of the API processes to DIR
  --seed N            another seed, other arrival times (default 1)
  --out DIR           where the report goes (default load-report)
  --help              this text`;

const known = {
  agents: { type: 'string' },
  pullers: { type: 'string' },
  duration: { type: 'string' },
  warmup: { type: 'string' },
  instances: { type: 'string' },
  rate: { type: 'string' },
  interval: { type: 'string' },
  held: { type: 'string' },
  flood: { type: 'string' },
  shared: { type: 'boolean' },
  variant: { type: 'string' },
  redis: { type: 'boolean' },
  'postgres-only': { type: 'boolean' },
  'cpu-prof': { type: 'string' },
  seed: { type: 'string' },
  out: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/**
 * Reads the command line; what is missing gets the default of its scenario.
 * @throws OptionError for what is unknown or out of bounds.
 */
export function parseLoadOptions(args: readonly string[]): LoadOptions {
  const { values, positionals } = readArguments(
    { args: [...args], options: known, allowPositionals: true },
    'See npm run load -- --help.',
  );
  const out = values.out ?? 'load-report';
  if (values.help) return { help: true, runs: [], out };
  if (values.redis && values['postgres-only'])
    throw new OptionError('--redis and --postgres-only exclude each other.');
  const { names, instances } = scenariosOf(positionals, values.instances);
  const runs = names.flatMap((scenario) =>
    instances.map((count): RunOptions => {
      const own = defaults[scenario];
      const agents = wholeNumber('--agents', values.agents, own.agents, 1, 100_000);
      return {
        scenario,
        agents,
        pullers: Math.min(agents, wholeNumber('--pullers', values.pullers, own.pullers, 0, 100_000)),
        durationS: wholeNumber('--duration', values.duration, own.durationS, 1, 604_800),
        warmupS: wholeNumber('--warmup', values.warmup, own.warmupS, 0, 3_600),
        instances: count,
        rate: number('--rate', values.rate, own.rate, 0, 100_000),
        intervalMs: wholeNumber('--interval', values.interval, own.intervalMs, 100, 600_000),
        held: number('--held', values.held, own.held * 100, 0, 100) / 100,
        flood: wholeNumber('--flood', values.flood, 100_000, 1, 10_000_000),
        shared: values.shared ?? false,
        variant: variantOf(values.variant),
        redis: values['postgres-only'] !== true,
        seed: wholeNumber('--seed', values.seed, 1, 0, 2 ** 31),
        profileDir: values['cpu-prof'],
      };
    }),
  );
  return { help: false, runs, out };
}

function scenariosOf(
  positionals: readonly string[],
  instances: string | undefined,
): { names: readonly ScenarioName[]; instances: readonly number[] } {
  if (positionals.length === 0)
    throw new OptionError('Name a scenario, or several. See npm run load -- --help.');
  const spread = positionals.includes('instances');
  const asked = positionals.filter((name) => name !== 'instances');
  const names = asked.flatMap((name): readonly ScenarioName[] => {
    if (name === 'all') return scenarioNames.filter((one) => one !== 'soak');
    const found = scenarioNames.find((one) => one === name);
    if (!found) throw new OptionError(`There is no scenario "${name}". See npm run load -- --help.`);
    return [found];
  });
  if (!spread) return { names, instances: [wholeNumber('--instances', instances, 1, 1, 16)] };
  if (instances !== undefined) throw new OptionError('The scenario instances chooses --instances by itself.');
  return { names: names.length > 0 ? names : repeatedByInstances, instances: [1, 2, 4] };
}

function variantOf(text = 'both'): RunOptions['variant'] {
  if (text === 'cut' || text === 'restart' || text === 'both') return text;
  throw new OptionError(`--variant must be cut, restart or both, not "${text}".`);
}

function wholeNumber(
  name: string,
  text: string | undefined,
  byDefault: number,
  least: number,
  most: number,
): number {
  return text === undefined ? byDefault : readWholeNumber(name, text, least, most);
}

function number(
  name: string,
  text: string | undefined,
  byDefault: number,
  least: number,
  most: number,
): number {
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new OptionError(`${name} must be a number from ${least} to ${most}, not "${text}".`);
}
