import { describe, expect, it } from '@jest/globals';
import { safetyDetectors } from '../../../src/lib/safety/safety-detectors.js';
import { personalDataTypes, secretTypes, topics } from '../../../src/models/policy.js';
import { defaultJudgeLimits, Judge } from '../../../src/services/judge.js';
import { costlyPatterns, hostileToDetectors, hostileToReading, repeated } from '../../eval/hostile-texts.js';
import { aPolicy } from './detection.js';
import { costOfLength } from './linear-time.js';

const largest = 256 * 1024;
const judge = new Judge(safetyDetectors(), { ...defaultJudgeLimits, detectorBudgetMs: 20_000 });
const policy = aPolicy({ patterns: costlyPatterns });

/** What makes a search of the ordinary kind take quadratic time or worse. */
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

describe('the gate on text that is hostile to searches', () => {
  it.each(hostile)('takes time in proportion to %j over and over', async (unit) => {
    const seen = new Set<string>();
    const cost = await costOfLength(async (text) => seen.add(await faultOf(text)), unit, 4);
    expect(cost).toBeLessThan(4);
    expect([...seen]).toEqual(['none']);
  });

  it('comes to a decision on the largest output, which has some of each', async () => {
    const share = Math.floor(largest / hostile.length);
    expect(await faultOf(hostile.map((unit) => repeated(unit, share)).join(''))).toBe('none');
  });

  it('comes to a decision on very many small texts', async () => {
    const output = Array.from({ length: 40_000 }, (_, index) => `a ${index}`);
    expect(await judge.decide({ output, confidence: 1, kind: 'x', policy })).toMatchObject({
      outcome: 'APPROVE',
    });
  });
});

/** What kept the gate from looking at an output. */
async function faultOf(output: string): Promise<string> {
  const { reasons } = await judge.decide({ output, confidence: 1, kind: 'x', policy });
  return reasons.find(({ code }) => code === 'GATE_ERROR')?.detail ?? 'none';
}
