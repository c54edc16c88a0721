import { ensureInstalled } from './install.mjs';
import { pinnedNode, run, runScript } from './project.mjs';

/** Runs a program of the tests with the arguments of the command, once `prepare` has made sure of what it needs. */
export function runSuite(program, prepare) {
  return runScript(async () => {
    const args = process.argv.slice(2);
    await ensureInstalled();
    if (!args.includes('--help')) await prepare();
    const suite = ['--import', './test/support/typescript.mjs', program, ...args];
    return (await run(pinnedNode, suite, { stdio: ['ignore', 'inherit', 'inherit'] })).code;
  });
}
