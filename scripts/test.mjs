import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensureInstalled } from './lib/install.mjs';
import { pinnedNode, root, run, runScript } from './lib/project.mjs';
import { ensureRedisServer } from './lib/redis.mjs';

/** Where the outcome is left for machines, in the form of Jest's `--json`. */
const report = join(root, 'coverage', 'test-results.json');

await runScript(async () => {
  await ensureInstalled();
  await ensureRedisServer();
  await rm(report, { force: true });
  await mkdir(dirname(report), { recursive: true });
  const selection = process.argv.slice(2);
  // A part of the tests says nothing about how much the whole covers.
  const scope = selection.length > 0 ? selection : ['--coverage'];
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const jest = ['node_modules/jest/bin/jest.js', '--json', `--outputFile=${report}`];
  const { code } = await run(pinnedNode, [...node, ...jest, ...scope], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return code;
});
