import { ensureInstalled } from './lib/install.mjs';
import { pinnedNode, run, runScript } from './lib/project.mjs';
import { ensureRedisServer } from './lib/redis.mjs';

const suite = ['--import', './test/support/typescript.mjs', 'test/fuzz/run.ts'];

await runScript(async () => {
  const args = process.argv.slice(2);
  await ensureInstalled();
  if (!args.includes('--help')) await ensureRedisServer();
  const { code } = await run(pinnedNode, [...suite, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  return code;
});
