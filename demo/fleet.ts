import { setMaxListeners } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageFileError, readMessages } from './messages.ts';
import { OptionError, parseDemoOptions } from './options.mjs';
import { runDemo } from './run.ts';

const ownMessages = fileURLToPath(new URL('messages.jsonl', import.meta.url));
const impatienceMs = 1_000;

async function main(): Promise<number> {
  const options = parseDemoOptions(process.argv.slice(2), process.env);
  if (options.key === null)
    throw new OptionError('CHIMERA_ADMIN_KEY or --key must hold the admin key of the server.');
  // npm runs scripts in the checkout's folder; a path is meant from where npm was called.
  const from = process.env['INIT_CWD'] ?? process.cwd();
  const messages = await readMessages(options.input === null ? ownMessages : resolve(from, options.input));
  const { agents, rate, autoReview, url, key, seed } = options;
  const count = options.messages ?? messages.length;
  return runDemo({ messages, count, agents, rate, autoReview, url, key, seed }, interruption());
}

/** Aborts at the first Ctrl-C or SIGTERM. A second one, later than the echo that a process group gets, ends at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  let first = 0;
  const stop = (): void => {
    if (!controller.signal.aborted) first = performance.now();
    else if (performance.now() - first > impatienceMs) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return controller.signal;
}

try {
  process.exitCode = await main();
} catch (error) {
  const expected = error instanceof OptionError || error instanceof MessageFileError;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = expected ? 2 : 1;
}
