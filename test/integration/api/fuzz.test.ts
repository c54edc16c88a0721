import { describe, expect, it } from '@jest/globals';
import { modes } from '../../support/chimera.js';
import { parseFuzzOptions } from '../../fuzz/options.js';
import { runFuzz } from '../../fuzz/stage.js';

/** The same requests in each run of the tests; `npm run fuzz` draws others. */
const seed = Number(process.env['FUZZ_SEED'] ?? '17');
const requests = 1_200;

describe('the fuzz suite', () => {
  it.each(modes)(
    `finds no fault in what the requests of seed ${seed} are answered on %s`,
    async (mode) => {
      const report = await runFuzz({ mode, seed, requests }, 'silent', () => undefined);
      expect(report.findings).toEqual([]);
      expect(report.sent).toBeGreaterThanOrEqual(requests);
      // Enough of it got far, and enough was refused.
      expect(report.statuses.get('200')).toBeGreaterThan(requests / 10);
      expect(report.heldToRows).toBeGreaterThan(requests / 5);
    },
    120_000,
  );

  it('says what it cannot read', () => {
    const draw = () => 7;
    expect(parseFuzzOptions([], draw)).toEqual({ help: false, requests: 50_000, seed: 7, mode: 'postgres' });
    expect(() => parseFuzzOptions(['--mode', 'mysql'], draw)).toThrow(/postgres, redis, not "mysql"/);
    expect(() => parseFuzzOptions(['--requests', '1'], draw)).toThrow(/whole number from 100/);
    expect(() => parseFuzzOptions(['--sed', '1'], draw)).toThrow(/See --help/);
  });
});
