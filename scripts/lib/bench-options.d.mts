export type BenchName = 'heartbeat' | 'claim' | 'flow' | 'approve' | 'chain';

/** What a run of the bench was asked to do. */
export interface BenchOptions {
  /** In the order in which they run. */
  readonly benches: readonly BenchName[];
  /** Rounds of each contender in a launch. */
  readonly rounds: number;
  /** How often all servers are started anew. */
  readonly launches: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly connections: readonly number[];
  readonly inFlight: number;
  readonly batch: number;
  readonly tasks: number;
  readonly waiting: number;
  readonly rate: number;
  readonly cpuProfile: boolean;
  readonly help: boolean;
}

/** The options of the bench cannot be read. The message says which and why. */
export class OptionError extends Error {}

export const benchNames: readonly BenchName[];

export const usage: string;

/** Reads the command line; what is missing gets its default. Throws an {@link OptionError} for what is unknown or out of bounds. */
export function parseBenchOptions(args: readonly string[]): BenchOptions;
