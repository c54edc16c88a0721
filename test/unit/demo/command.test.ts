import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

function demo(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, CHIMERA_ADMIN_KEY: '' };
  return spawnSync(process.execPath, ['scripts/demo.mjs', ...args], { encoding: 'utf8', env });
}

describe('npm run demo', () => {
  it('answers a bad option with one sentence and exit code 2', () => {
    const { status, stdout, stderr } = demo('--agents', 'many');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toBe('--agents must be a whole number from 1 to 1000, not "many".\n');
  });

  it('explains itself', () => {
    const { status, stdout } = demo('--help');
    expect(status).toBe(0);
    expect(stdout).toContain('--auto-review');
  });
});

describe('the fleet', () => {
  it('says which line of its input it cannot read', () => {
    const args = ['demo/fleet.ts', '--key', 'k', '--input', 'package.json'];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: {} });
    expect(status).toBe(2);
    expect(stderr).toMatch(/package\.json, line 1: this is not JSON\.\n$/u);
  });
});
