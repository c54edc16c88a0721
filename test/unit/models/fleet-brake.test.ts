import { describe, expect, it } from '@jest/globals';
import { engageBrake, isMassLoss, releaseBrake } from '../../../src/models/fleet-brake.js';

const now = new Date('2026-03-01T12:00:00.000Z');
const silence = (silent: number, expected: number) => ({ tenantId: 't_a', silent, expected });

describe('a mass loss', () => {
  it.each([
    [150, 1_000, false],
    [151, 1_000, true],
    [1_000, 1_000, true],
    [2, 2, false],
    [3, 3, true],
    [3, 20, false],
    [3, 19, true],
    [0, 0, false],
  ])('of %i among %i beyond 15 percent is one: %s', (silent, expected, is) => {
    expect(isMassLoss(silence(silent, expected), 15)).toBe(is);
  });

  it('never is one when all may be lost', () => {
    expect(isMassLoss(silence(1_000, 1_000), 100)).toBe(false);
  });
});

describe('the brake', () => {
  it('holds for its grace, and keeps what it was engaged for', () => {
    const engaged = engageBrake(undefined, silence(300, 1_000), 60_000, now);
    expect(engaged).toEqual({
      ...silence(300, 1_000),
      engagedAt: now,
      releasesAt: new Date('2026-03-01T12:01:00.000Z'),
      version: 1,
    });
    const released = releaseBrake(engaged);
    expect(released).toMatchObject({ engagedAt: null, releasesAt: null, version: 2 });
    expect(engageBrake(released, silence(4, 5), 1_000, now)).toMatchObject({ silent: 4, version: 3 });
  });
});
