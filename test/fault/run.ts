import { randomInt } from 'node:crypto';
import { promises } from './checks.js';
import { runDrill } from './drill.js';
import { OptionError } from '../support/command-line.js';
import { commandOf, parseDrillOptions, usage } from './options.js';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseDrillOptions(args, () => randomInt(2 ** 32));
    if (options.help) {
      console.log(usage);
      return 0;
    }
    const how = options.withRedis ? '' : ', without Redis';
    console.log(`The drill of seed ${options.seed}: ${options.seconds} s of faults${how}.`);
    const { broken, tasks, figures, faults } = await runDrill(options, (words) => {
      console.log(words);
    });
    console.log(`\n${faults.length} faults. Tasks: ${listed(tasks)}.\n${listed(figures)}.`);
    for (const { promise, words } of broken) console.log(`✗ ${promises[promise]}\n    ${words}`);
    console.log(broken.length === 0 ? '✓ All promises were kept' : `✗ ${broken.length} broken promises`);
    if (broken.length === 0) return 0;
    console.log(`Run it again with: ${commandOf(options)}`);
    return 1;
  } catch (error) {
    console.error(error instanceof OptionError ? error.message : error);
    return 2;
  }
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
