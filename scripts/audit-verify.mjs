import { join } from 'node:path';
import { ensureInstalled } from './lib/install.mjs';
import { pinnedNode, root, run, runScript } from './lib/project.mjs';

await runScript(async () => {
  await ensureInstalled();
  // Files are named from where the command was given, not from the checkout.
  const cwd = process.env.INIT_CWD ?? process.cwd();
  return (await run(pinnedNode, [join(root, 'verify/audit-verify.ts'), ...process.argv.slice(2)], { cwd }))
    .code;
});
