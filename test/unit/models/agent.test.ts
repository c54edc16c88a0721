import { describe, expect, it } from '@jest/globals';
import { livenessOf } from '../../../src/models/agent.js';

describe('the silence of an agent', () => {
  it('is suspect after so many missed heartbeats, and its absence after so many more', () => {
    const patience = { heartbeatIntervalMs: 10_000, suspectAfterMissed: 3, offlineAfterMissed: 6 };
    expect(livenessOf(patience)).toEqual({
      heartbeatIntervalMs: 10_000,
      suspectAfterMs: 30_000,
      offlineAfterMs: 60_000,
    });
  });
});
