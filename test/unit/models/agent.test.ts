import { describe, expect, it } from '@jest/globals';
import { livenessFor } from '../../../src/models/agent.js';

describe('the silence of an agent', () => {
  it('is suspect after three missed heartbeats, and its absence after six', () => {
    expect(livenessFor(10_000)).toEqual({
      heartbeatIntervalMs: 10_000,
      suspectAfterMs: 30_000,
      offlineAfterMs: 60_000,
    });
  });
});
