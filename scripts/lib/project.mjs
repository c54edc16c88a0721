import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's own folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The Node that npm installed and that runs everything but the installation itself. */
export const pinnedNode = join(root, 'node_modules/node/bin/node');

/** Where Node keeps what it has compiled, so that the next start need not: a start takes a third less time. */
export const compileCache = join(root, 'node_modules/.cache/compiled');

/** A fault that its reader can mend; printed as one sentence. */
export class ScriptError extends Error {}

/** Tells what takes its time, on stderr, so that what a command prints stays its own. */
export function progress(text) {
  process.stderr.write(`${text}\n`);
}

/** Runs a script's work and ends the process with the exit code that it answers; a ScriptError is one sentence and 1. */
export async function runScript(work) {
  try {
    process.exitCode = await work();
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    progress(error.message);
    process.exitCode = 1;
  }
}

/**
 * Runs a program in the checkout to its end. A SIGTERM is passed on to it; a Ctrl-C reaches it from the terminal, and
 * how it ends then is for it to say.
 * @returns {Promise<{code: number, output: string}>} `output` is what it wrote, where `stdio` says `pipe`.
 */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
  const onTerm = () => child.kill('SIGTERM');
  const onInterrupt = () => undefined;
  process.on('SIGTERM', onTerm).on('SIGINT', onInterrupt);
  try {
    return await outcomeOf(child);
  } finally {
    process.off('SIGTERM', onTerm).off('SIGINT', onInterrupt);
  }
}

function outcomeOf(child) {
  return new Promise((resolve, reject) => {
    const output = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => output.push(text));
    }
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code: exitCode(code, signal), output: output.join('') });
    });
  });
}

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGTERM: 15 };

/** What a shell would report: the code, or 128 and the signal's number. */
export function exitCode(code, signal) {
  return code ?? 128 + (signalNumbers[signal] ?? 0);
}

/**
 * The environment without the checkout's own programs on the PATH: npm must not run on the Node that it is about to
 * replace.
 */
export function outerEnvironment() {
  const own = join(root, 'node_modules');
  const path = (process.env.PATH ?? '').split(delimiter).filter((entry) => !entry.startsWith(own));
  return { ...process.env, PATH: path.join(delimiter) };
}
