import type { BenchOptions } from '../../scripts/lib/bench-options.mjs';
import type { MeasuredStore } from '../support/measured-servers.js';
import type { Figures } from './statistics.js';

/** What the contenders of one launch share. */
export interface Launch {
  readonly options: BenchOptions;
  readonly benchName: string;
  /** From 1. */
  readonly number: number;
  /** Where reports go. */
  readonly reportFolder: string;
  /** The launch's PostgreSQL, started when it is first asked for. Each contender makes a database of its own. */
  postgres(): Promise<MeasuredStore>;
  /** The launch's Redis, likewise. */
  redis(): Promise<MeasuredStore>;
  /** Has something done when the launch is over, however it ended; the last named comes first. */
  atEnd(work: () => Promise<unknown>): void;
}

/** A contender whose servers run. */
export interface Running {
  /** Puts it under load for one round of a case. */
  measure(caseName: string, seconds: number): Promise<Figures>;
}

/** Something that can be measured beside others. */
export interface Contender {
  readonly name: string;
  /** What it does for one unit of the figure, and how durably. */
  readonly includes: string;
  /** Starts its servers, and has the launch end them. */
  start(launch: Launch): Promise<Running>;
}

/** A ratio that the report gives. */
export interface RatioWanted {
  readonly caseName: string;
  readonly figure: string;
  readonly above: string;
  readonly below: string;
  /** What it must reach, and what it should; for a figure that is better the lower it is, what it must not exceed. */
  readonly floor?: number;
  readonly aim?: number;
  readonly lowerIsBetter?: boolean;
}

/** A figure that is held against a number. */
export interface LimitWanted {
  readonly caseName: string;
  readonly figure: string;
  readonly contender: string;
  readonly floor: number;
  readonly aim?: number;
}

export interface Bench {
  readonly name: string;
  readonly title: string;
  readonly contenders: readonly Contender[];
  readonly cases: readonly string[];
  readonly ratios: readonly RatioWanted[];
  readonly limits: readonly LimitWanted[];
  /** Contenders that this machine cannot run, and why. */
  readonly absent: readonly { readonly name: string; readonly reason: string }[];
}
