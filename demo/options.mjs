import { parseArgs } from 'node:util';

/** The options of the demo cannot be read. The message says which and why. */
export class OptionError extends Error {}

export const usage = `Usage: npm run demo -- [options]

A fleet of simulated agents answers customer messages through Chimera. Starts a server if none runs.

  --agents N       how many agents (1-1000, default 50)
  --messages N     how many messages (default: as many as the file has; more starts again from its beginning)
  --rate N         messages submitted per second (default 20)
  --input FILE     JSON lines with a "text" field (default: demo/messages.jsonl)
  --auto-review    play the operator too, so that no card is left waiting
  --url URL        where the server is (default http://localhost:3000)
  --key KEY        the admin's key, for a server that runs already (default: CHIMERA_ADMIN_KEY)
  --seed N         another seed, another run (default 1)
  --help           this text`;

const known = {
  agents: { type: 'string' },
  messages: { type: 'string' },
  rate: { type: 'string' },
  input: { type: 'string' },
  'auto-review': { type: 'boolean' },
  url: { type: 'string' },
  key: { type: 'string' },
  seed: { type: 'string' },
  help: { type: 'boolean' },
};

/**
 * Reads the command line; what is missing gets its default. Throws an OptionError for what is unknown or out of bounds.
 *
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {import('./options.mjs').DemoOptions}
 */
export function parseDemoOptions(args, env) {
  const values = readArguments(args);
  return {
    agents: wholeNumber('--agents', values.agents, 50, 1, 1_000),
    messages:
      values.messages === undefined ? null : wholeNumber('--messages', values.messages, 0, 1, 1_000_000),
    rate: positiveNumber('--rate', values.rate, 20),
    input: values.input ?? null,
    autoReview: values['auto-review'] ?? false,
    url: serverUrl(values.url ?? 'http://localhost:3000'),
    key: values.key ?? (env.CHIMERA_ADMIN_KEY || null),
    seed: wholeNumber('--seed', values.seed, 1, 0, 2 ** 31),
    help: values.help ?? false,
  };
}

function readArguments(args) {
  try {
    return parseArgs({ args: [...args], options: known, allowPositionals: false }).values;
  } catch (error) {
    throw new OptionError(`${error.message.split(/\.\s/u)[0]}. See npm run demo -- --help.`);
  }
}

function wholeNumber(name, text, byDefault, least, most) {
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (/^\d+$/u.test(text) && value >= least && value <= most) return value;
  throw new OptionError(`${name} must be a whole number from ${least} to ${most}, not "${text}".`);
}

function positiveNumber(name, text, byDefault) {
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= 10_000) return value;
  throw new OptionError(`${name} must be a number above 0 and up to 10000, not "${text}".`);
}

function serverUrl(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && ['http:', 'https:'].includes(url.protocol)) return url.origin;
  throw new OptionError(
    `--url must be an http or https address, for example http://localhost:3000, not "${text}".`,
  );
}
