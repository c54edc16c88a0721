import { availableParallelism } from 'node:os';
import { ensureInstalled } from './lib/install.mjs';
import { pinnedNode, run, runScript } from './lib/project.mjs';

const tsc = 'node_modules/typescript/bin/tsc';
const cruiser = 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs';
const folders = ['src', 'migrations', 'test', 'demo', 'verify', 'scripts'];

/** What is checked, the slowest first, and the arguments of each Node that does it. */
const checks = [
  ['lint', ['node_modules/eslint/bin/eslint.js', '--max-warnings=0', '.']],
  ['types', [tsc, '-p', '.'], [tsc, '-p', 'demo'], [tsc, '-p', 'verify']],
  ['layers', [cruiser, '--config', '.dependency-cruiser.mjs', ...folders]],
  ['unused', ['node_modules/knip/bin/knip.js', '--no-progress']],
  ['format', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.']],
];

await runScript(async () => {
  await ensureInstalled();
  const pending = [...checks];
  const outcomes = [];
  const work = async () => {
    for (let check = pending.shift(); check; check = pending.shift()) outcomes.push(await perform(...check));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const failed = outcomes.filter((passed) => !passed).length;
  console.log(`check: ${outcomes.length - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
});

async function perform(name, ...commands) {
  const begun = performance.now();
  const results = [];
  for (const args of commands)
    results.push(await run(pinnedNode, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  const passed = results.every(({ code }) => code === 0);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${passed ? '✓' : '✗'} ${name} (${seconds} s)`);
  if (!passed) console.log(results.map(({ output }) => output.trimEnd()).join('\n'));
  return passed;
}
