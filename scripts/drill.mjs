import { ensureRedisServer } from './lib/redis.mjs';
import { runSuite } from './lib/suite.mjs';

await runSuite('test/fault/run.ts', ensureRedisServer);
