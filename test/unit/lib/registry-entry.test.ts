import { describe, expect, it } from '@jest/globals';
import { entryAt, type StoredEntry } from '../../../src/lib/registry-entry.js';
import { anAgent } from '../models/factories.js';

const agent = anAgent();
const seen = Date.parse('2026-03-01T12:00:00.000Z');

function stored(status: StoredEntry['status']): StoredEntry {
  const facts = { ...agent, registeredAt: agent.registeredAt.toISOString() };
  return { facts, status, lastSeen: seen, metrics: { load: 0.5 }, unheard: false };
}

describe('an entry of the registry', () => {
  it.each(['ACTIVE', 'IDLE', 'BUSY'] as const)(
    'is %s as the agent said, until it was silent too long',
    (status) => {
      expect(entryAt(stored(status), seen + 59_999, 60_000).presence.status).toBe(status);
      expect(entryAt(stored(status), seen + 60_000, 60_000).presence.status).toBe('OFFLINE');
    },
  );

  it('has the facts and the presence as they were kept', () => {
    expect(entryAt(stored('BUSY'), seen, 60_000)).toEqual({
      agent,
      presence: { status: 'BUSY', lastSeen: new Date(seen), metrics: { load: 0.5 } },
    });
  });

  it('is OFFLINE since it registered when nobody has heard from it', () => {
    expect(entryAt({ ...stored('BUSY'), unheard: true }, seen, 60_000).presence).toMatchObject({
      ...{ status: 'OFFLINE', lastSeen: agent.registeredAt },
    });
  });

  it('is present to a clock that is behind', () => {
    expect(entryAt(stored('IDLE'), seen - 5000, 60_000).presence.status).toBe('IDLE');
  });
});
