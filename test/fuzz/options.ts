import { type Mode, modes } from '../support/chimera.js';
import { OptionError, readArguments, wholeNumber } from '../support/command-line.js';

/** What one run of the fuzz suite is to do. */
export interface FuzzOptions {
  readonly help: boolean;
  /** How many requests are sent, those that are sent again included. */
  readonly requests: number;
  /** Determines which requests, in which order. */
  readonly seed: number;
  readonly mode: Mode;
}

export const usage = `Usage: npm run fuzz [-- options]

Starts a server, a PostgreSQL and a Redis, reads /openapi.json, and sends every route requests that are valid but for
what makes them hostile. No answer may be a fault of the server, be missing, take long, or be another than the
description has; and what is refused may change no row.

  --requests N    how many (100-10000000, default 50000)
  --seed N        which ones (default: drawn, and printed; the same seed has the same requests, but for the ids in them)
  --mode M        ${modes.join(' or ')} (default ${modes[0]}): where registry and queues are
  --help          this text

Exit code: 0 nothing was found, 1 something was, 2 it could not be run.`;

const text = { type: 'string' } as const;

/** Reads the command line. @throws OptionError */
export function parseFuzzOptions(args: readonly string[], drawSeed: () => number): FuzzOptions {
  const {
    requests = '50000',
    seed,
    mode = modes[0],
    help = false,
  } = readArguments(
    { args: [...args], options: { requests: text, seed: text, mode: text, help: { type: 'boolean' } } },
    'See --help.',
  ).values;
  const known = modes.find((one) => one === mode);
  if (!known) throw new OptionError(`--mode must be one of ${modes.join(', ')}, not "${mode}".`);
  return {
    help,
    requests: wholeNumber('--requests', requests, 100, 10_000_000),
    seed: seed === undefined ? drawSeed() : wholeNumber('--seed', seed, 0, 2_147_483_647),
    mode: known,
  };
}
