import { join } from 'node:path';
import { OptionError, parseBenchOptions, usage } from './lib/bench-options.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { findEtcd, findRestate } from './lib/bench-peers.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { pinnedNode, progress, root, run, runScript } from './lib/project.mjs';
import { ensureRedisServer } from './lib/redis.mjs';

await runScript(async () => {
  const options = readOptions();
  if (options === undefined) return 2;
  if (options.help) {
    console.log(usage);
    return 0;
  }
  await ensureInstalled();
  await ensureRedisServer();
  await ensureBuilt();
  const missing = await missingPeers(options.benches);
  const loader = ['--import', './test/support/typescript.mjs'];
  const orders = JSON.stringify({ options, missing });
  const { code } = await run(pinnedNode, [...loader, join(root, 'test/bench/main.ts'), orders]);
  return code;
});

function readOptions() {
  try {
    return parseBenchOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    progress(error.message);
    return undefined;
  }
}

/** Makes sure of the peers that the chosen benches need; a peer that cannot be had is named with the reason. */
async function missingPeers(benches) {
  const missing = {};
  if (benches.includes('heartbeat')) missing.etcd = await findEtcd();
  if (benches.includes('flow') || benches.includes('approve')) missing.restate = await findRestate();
  return missing;
}
