import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The same faults in each run of the tests, so that one that fails says something of the change; `npm run drill` draws others. */
const seed = process.env['DRILL_SEED'] ?? '3';
/** Two minutes with its start, its end and its account; `npm run drill` takes as long as it is told. */
const faultSeconds = 88;

function drill(...args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  const program = ['--import', './test/support/typescript.mjs', 'test/fault/run.ts', ...args];
  return new Promise((resolve) => {
    // Jest's own options are not for it.
    const env = { ...process.env, NODE_OPTIONS: '' };
    const child = execFile(process.execPath, program, { cwd: root, env }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, text: `${stdout}${stderr}` });
    });
  });
}

describe('the drill', () => {
  it(`finds all promises kept after the faults of seed ${seed}`, async () => {
    const { code, text } = await drill('--seconds', String(faultSeconds), '--seed', seed);
    process.stdout.write(`${text}\n`);
    expect(text).toContain('✓ All promises were kept');
    expect(code).toBe(0);
  }, 300_000);

  it('says what it does not know, and what it can do', async () => {
    const [unknown, endless, help] = await Promise.all([
      drill('--faults', 'api-kill,earthquake'),
      drill('--seconds', '0'),
      drill('--help'),
    ]);
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.text).toContain('There is no fault "earthquake": choose of api-kill,');
    expect(endless.text).toContain('--seconds must be a whole number from 1 to 86400, not "0".');
    expect(help).toMatchObject({ code: 0 });
    expect(help.text).toContain('npm run drill');
  });
});
