import { parseArgs, type ParseArgsConfig } from 'node:util';

/** Options of a command cannot be read. The message says which and why. */
export class OptionError extends Error {}

/** @throws OptionError for options that there are not, with `seeHelp` behind the reason */
export function readArguments<T extends ParseArgsConfig>(
  config: T,
  seeHelp: string,
): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(/\.\s/u)[0] : String(error);
    throw new OptionError(`${reason}. ${seeHelp}`);
  }
}

/** @throws OptionError for anything but digits, and out of bounds */
export function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/u.test(text) && value >= least && value <= most) return value;
  throw new OptionError(`${name} must be a whole number from ${least} to ${most}, not "${text}".`);
}
