import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { pinnedNode, run, runScript } from './lib/project.mjs';
import { ensureRedisServer } from './lib/redis.mjs';

await runScript(async () => {
  await ensureInstalled();
  await ensureRedisServer();
  await ensureBuilt();
  const args = [
    '--import',
    './test/support/typescript.mjs',
    'test/bench/backtest.ts',
    ...process.argv.slice(2),
  ];
  return (await run(pinnedNode, args)).code;
});
