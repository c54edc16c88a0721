import { ensureInstalled } from './lib/install.mjs';
import { pinnedNode, run, runScript } from './lib/project.mjs';

await runScript(async () => {
  await ensureInstalled();
  const args = [
    '--import',
    './test/support/typescript.mjs',
    'test/eval/bench-gate.ts',
    ...process.argv.slice(2),
  ];
  return (await run(pinnedNode, args)).code;
});
