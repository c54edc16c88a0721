import { type FaultName, faultNames, isFaultName, isRedisFault } from './fault-names.js';
import { OptionError, readArguments, wholeNumber } from '../support/command-line.js';

/** What one drill is to do. */
export interface DrillOptions {
  readonly help: boolean;
  /** For how long faults happen, in seconds; the healing and the check come after. */
  readonly seconds: number;
  /** Determines which faults happen, in which order and to whom. */
  readonly seed: number;
  readonly faults: readonly FaultName[];
  /** Otherwise registry and queues are on PostgreSQL. */
  readonly withRedis: boolean;
}

export const usage = `Usage: npm run drill -- [options]

Runs three API processes, a PostgreSQL and a Redis, each in a process of its own, under agents, submitters and
operators, some of whom misbehave; breaks things at random while they work; then lets everything heal and proves from
the database, the audit export and what the clients wrote down that all promises were kept.

  --seconds N     for how long faults happen (1-86400, default 120)
  --seed N        which faults, in which order (default: drawn, and printed; the same seed has the same schedule)
  --faults a,b    only these faults, of: ${faultNames.join(', ')}
  --without-redis PostgreSQL alone: registry and queues are there, too
  --help          this text

Exit code: 0 all promises were kept, 1 one was not, 2 it could not be run.`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/** Reads the command line. @throws OptionError */
export function parseDrillOptions(args: readonly string[], drawSeed: () => number): DrillOptions {
  const {
    seconds = '120',
    seed,
    faults,
    'without-redis': withoutRedis = false,
    help = false,
  } = readArguments(
    {
      args: [...args],
      options: { seconds: text, seed: text, faults: text, 'without-redis': flag, help: flag },
    },
    'See --help.',
  ).values;
  const withRedis = !withoutRedis;
  const possible = possibleFaults(withRedis);
  return {
    help,
    seconds: wholeNumber('--seconds', seconds, 1, 86_400),
    seed: seed === undefined ? drawSeed() : wholeNumber('--seed', seed, 0, 4_294_967_295),
    faults: faults === undefined ? possible : chosen(faults, possible),
    withRedis,
  };
}

function possibleFaults(withRedis: boolean): readonly FaultName[] {
  return faultNames.filter((name) => withRedis || !isRedisFault(name));
}

function chosen(names: string, possible: readonly FaultName[]): readonly FaultName[] {
  return names.split(',').map((name) => {
    if (isFaultName(name) && possible.includes(name)) return name;
    throw new OptionError(`There is no fault "${name}": choose of ${possible.join(', ')}.`);
  });
}

/** The command that runs the same again. */
export function commandOf({ seed, seconds, faults, withRedis }: DrillOptions): string {
  const only = faults.length < possibleFaults(withRedis).length ? ` --faults ${faults.join(',')}` : '';
  return `npm run drill -- --seed ${seed} --seconds ${seconds}${only}${withRedis ? '' : ' --without-redis'}`;
}
