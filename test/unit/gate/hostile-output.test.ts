import { describe, expect, it } from '@jest/globals';
import { safetyDetectors } from '../../../src/lib/safety/safety-detectors.js';
import { personalDataTypes, secretTypes, topics } from '../../../src/models/policy.js';
import { defaultJudgeLimits, Judge } from '../../../src/services/judge.js';
import { costlyPatterns, hostileToDetectors, hostileToReading, repeated } from '../../eval/hostile-texts.js';
import { aPolicy } from './detection.js';

const length = 256 * 1024;
const judge = new Judge(safetyDetectors(), { ...defaultJudgeLimits, detectorBudgetMs: 20_000 });
const policy = aPolicy({ patterns: costlyPatterns });

/** What makes a search of the ordinary kind take quadratic time or worse, at the size of the largest output. */
const hostile = [...new Set([...Object.values(hostileToDetectors).flat(), ...hostileToReading])];

describe('the texts that are hostile to searches', () => {
  it('have some for every detector that there is', () => {
    const typed: Readonly<Record<string, readonly string[]>> = {
      PII: personalDataTypes,
      SECRET: secretTypes,
      TOPIC: topics,
    };
    const detectors = safetyDetectors().flatMap(
      ({ name }) => typed[name]?.map((type) => `${name}/${type}`) ?? [name],
    );
    expect(Object.keys(hostileToDetectors).sort()).toEqual(detectors.sort());
    expect(Object.values(hostileToDetectors).filter((texts) => texts.length === 0)).toEqual([]);
  });
});

describe('the gate on the largest output that is hostile to searches', () => {
  it.each(hostile)('comes to a decision on %j over and over', async (unit) => {
    const output = repeated(unit, length);
    const { reasons } = await judge.decide({ output, confidence: 1, kind: 'x', policy });
    expect(reasons.filter((reason) => reason.code === 'GATE_ERROR')).toEqual([]);
  });

  it('comes to a decision on very many small texts', async () => {
    const output = Array.from({ length: 40_000 }, (_, index) => `a ${index}`);
    expect(await judge.decide({ output, confidence: 1, kind: 'x', policy })).toMatchObject({
      outcome: 'APPROVE',
    });
  });

  it.each(hostile)('takes time in proportion to %j over and over', async (unit) => {
    const small = await cpuMs(unit, length / 128);
    const large = await cpuMs(unit, length / 8);
    expect(large / (small + 2)).toBeLessThan(64);
  });
});

/** What a decision about so much of a text costs in processor time: the least of three, the others had company. */
async function cpuMs(unit: string, size: number): Promise<number> {
  const output = repeated(unit, size);
  const taken: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    const before = process.threadCpuUsage();
    await judge.decide({ output, confidence: 1, kind: 'x', policy });
    const { user, system } = process.threadCpuUsage(before);
    taken.push((user + system) / 1000);
  }
  return Math.min(...taken);
}
