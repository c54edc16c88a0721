import { parseArgs } from 'node:util';

/** The options of the bench cannot be read. The message says which and why. */
export class OptionError extends Error {}

export const benchNames = ['heartbeat', 'claim', 'flow', 'approve', 'chain'];

export const usage = `Usage: npm run bench [-- heartbeat|claim|flow|approve|chain …] [options]

Measures Chimera and its peers side by side, in one run, with one client, their rounds interleaved. Without a name all
five benches run. The report is left in bench-report/.

  --rounds N         rounds of each contender in a launch (1-100, default 5)
  --launches N       how often all servers are started anew (1-20, default 3)
  --seconds N        how long one round of load takes (1-600, default 5)
  --warm-up N        seconds of load before a launch's first round (0-600, default 3)
  --connections N,…  heartbeat: how many connections (default 64,256,1000)
  --in-flight N      flow: how many tasks are under way at once (1-10000, default 256)
  --batch N          claim, flow: how many tasks a batched claim asks for (1-100, default 16)
  --tasks N          claim: tasks in a round (100-1000000, default 10000)
  --waiting N        approve: how many agents wait, and the size of the burst (1-10000, default 1000)
  --rate N           approve: approvals a second (1-10000, default 100)
  --cpu-prof         has Chimera write a CPU profile of each launch to bench-report/
  --help             this text`;

const known = {
  rounds: { type: 'string' },
  launches: { type: 'string' },
  seconds: { type: 'string' },
  'warm-up': { type: 'string' },
  connections: { type: 'string' },
  'in-flight': { type: 'string' },
  batch: { type: 'string' },
  tasks: { type: 'string' },
  waiting: { type: 'string' },
  rate: { type: 'string' },
  'cpu-prof': { type: 'boolean' },
  help: { type: 'boolean' },
};

/**
 * Reads the command line; what is missing gets its default. Throws an OptionError for what is unknown or out of bounds.
 *
 * @param {readonly string[]} args
 * @returns {import('./bench-options.mjs').BenchOptions}
 */
export function parseBenchOptions(args) {
  const { values, positionals } = readArguments(args);
  return {
    benches: namesOf(positionals),
    rounds: wholeNumber('--rounds', values.rounds ?? '5', 1, 100),
    launches: wholeNumber('--launches', values.launches ?? '3', 1, 20),
    seconds: wholeNumber('--seconds', values.seconds ?? '5', 1, 600),
    warmUpSeconds: wholeNumber('--warm-up', values['warm-up'] ?? '3', 0, 600),
    connections: (values.connections ?? '64,256,1000')
      .split(',')
      .map((text) => wholeNumber('--connections', text, 1, 10_000)),
    inFlight: wholeNumber('--in-flight', values['in-flight'] ?? '256', 1, 10_000),
    batch: wholeNumber('--batch', values.batch ?? '16', 1, 100),
    tasks: wholeNumber('--tasks', values.tasks ?? '10000', 100, 1_000_000),
    waiting: wholeNumber('--waiting', values.waiting ?? '1000', 1, 10_000),
    rate: wholeNumber('--rate', values.rate ?? '100', 1, 10_000),
    cpuProfile: values['cpu-prof'] ?? false,
    help: values.help ?? false,
  };
}

function readArguments(args) {
  try {
    return parseArgs({ args: [...args], options: known, allowPositionals: true });
  } catch (error) {
    throw new OptionError(`${error.message.split(/\.\s/u)[0]}. See npm run bench -- --help.`);
  }
}

function namesOf(positionals) {
  const unknown = positionals.find((name) => !benchNames.includes(name));
  if (unknown !== undefined) {
    throw new OptionError(`There is no bench "${unknown}": choose of ${benchNames.join(', ')}.`);
  }
  return positionals.length === 0 ? benchNames : benchNames.filter((name) => positionals.includes(name));
}

function wholeNumber(name, text, min, max) {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new OptionError(`${name} must be a whole number from ${min} to ${max}, not "${text}".`);
}
