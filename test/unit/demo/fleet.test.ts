import { describe, expect, it } from '@jest/globals';
import { planFleet } from '../../../demo/agent.js';
import { oneOf, seededRandom } from '../../../demo/random.js';

describe('the plan of a fleet', () => {
  it('lets one agent in ten die at its work, and every other one of those come back', () => {
    const plans = planFleet(100, 1);
    const mortal = plans.filter((plan) => plan.crashesAfter !== null);
    expect(mortal).toHaveLength(10);
    expect(mortal.filter((plan) => plan.comesBackAfterMs !== null)).toHaveLength(5);
    expect(plans.filter((plan) => plan.crashesAfter === null && plan.comesBackAfterMs !== null)).toEqual([]);
  });

  it('is the same for the same seed, and gives every agent a name of its own', () => {
    expect(planFleet(20, 5)).toEqual(planFleet(20, 5));
    expect(new Set(planFleet(200, 5).map((plan) => plan.agentId)).size).toBe(200);
  });
});

describe('seeded randomness', () => {
  it('is spread evenly over [0, 1)', () => {
    const random = seededRandom('spread');
    const samples = Array.from({ length: 10_000 }, random);
    const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
    expect(mean).toBeGreaterThan(0.48);
    expect(mean).toBeLessThan(0.52);
    expect(samples.every((sample) => sample >= 0 && sample < 1)).toBe(true);
  });

  it('depends on every part of the seed', () => {
    const firsts = [
      seededRandom(1, 'a'),
      seededRandom(2, 'a'),
      seededRandom(1, 'b'),
      seededRandom('1', 'a'),
    ].map((r) => r());
    expect(new Set(firsts).size).toBe(4);
    expect(oneOf(() => 0.999, ['x', 'y', 'z'])).toBe('z');
  });
});
