import { ensureBuilt } from './lib/build.mjs';
import { ensureRedisServer } from './lib/redis.mjs';
import { runSuite } from './lib/suite.mjs';

await runSuite('test/load/run.ts', async () => {
  await ensureRedisServer();
  await ensureBuilt();
});
