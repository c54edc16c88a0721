import { randomInt } from 'node:crypto';
import { startSharedServers, stopSharedServers } from '../support/shared-servers.js';
import { OptionError } from '../support/command-line.js';
import { type FuzzOptions, parseFuzzOptions, usage } from './options.js';
import { runFuzz } from './stage.js';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseFuzzOptions(args, () => randomInt(2 ** 31));
    if (options.help) {
      console.log(usage);
      return 0;
    }
    await startSharedServers();
    try {
      return await fuzz(options);
    } finally {
      await stopSharedServers();
    }
  } catch (error) {
    console.error(error instanceof OptionError ? error.message : error);
    return 2;
  }
}

async function fuzz(options: FuzzOptions): Promise<number> {
  const { seed, mode, requests } = options;
  console.log(`The requests of seed ${seed}, ${requests} of them, on ${mode}.`);
  const begun = performance.now();
  const report = await runFuzz(options, 'error', (words) => {
    console.log(words);
  });
  const seconds = (performance.now() - begun) / 1000;
  console.log(
    `\n${report.sent} requests in ${seconds.toFixed(1)} s, ${report.heldToRows} refusals held to the rows.`,
  );
  for (const [route, count] of report.routes) console.log(`${String(count).padStart(7)} ${route}`);
  console.log(
    `Answers: ${[...report.statuses]
      .toSorted()
      .map(([status, count]) => `${status} ${count}`)
      .join(', ')}.`,
  );
  console.log(
    `Slowest: ${report.slowest.map(({ ms, route }) => `${Math.round(ms)} ms ${route}`).join(', ')}.`,
  );
  const { length } = report.findings;
  console.log(length === 0 ? '✓ Nothing was found' : `✗ ${length} findings`);
  if (length === 0) return 0;
  console.log(`Run it again with: npm run fuzz -- --seed ${seed} --requests ${requests} --mode ${mode}`);
  return 1;
}
