/** What a run of the demo was asked to do. */
export interface DemoOptions {
  readonly agents: number;
  /** `null`: as many as the input has. */
  readonly messages: number | null;
  /** Messages per second. */
  readonly rate: number;
  /** A path; `null`: the messages that come with the demo. */
  readonly input: string | null;
  readonly autoReview: boolean;
  /** The server's origin, without a slash at the end. */
  readonly url: string;
  /** The admin's key; `null`: none was given. */
  readonly key: string | null;
  readonly seed: number;
  readonly help: boolean;
}

/** The options of the demo cannot be read. The message says which and why. */
export class OptionError extends Error {}

export const usage: string;

/** Reads the command line; what is missing gets its default. Throws an {@link OptionError} for what is unknown or out of bounds. */
export function parseDemoOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): DemoOptions;
