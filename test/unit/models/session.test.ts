import { describe, expect, it } from '@jest/globals';
import { moveSession, sessionStates } from '../../../src/models/session.js';
import { aSession } from './factories.js';

const later = new Date('2026-03-01T12:05:00.000Z');

describe('a session', () => {
  it.each([
    ['CREATED', ['RUNNING', 'PAUSED', 'STOPPED']],
    ['RUNNING', ['PAUSED', 'STOPPED']],
    ['PAUSED', ['RUNNING', 'STOPPED']],
    ['STOPPED', []],
  ] as const)('goes from %s to %j and nowhere else', (state, open) => {
    const session = aSession({ state });
    const reached = sessionStates.filter((next) => moveSession(session, next, later) !== undefined);
    expect(reached).toEqual([...open]);
  });

  it('is a new version of itself in its new state', () => {
    const session = aSession({ version: 7 });
    expect(moveSession(session, 'PAUSED', later)).toEqual({
      ...session,
      state: 'PAUSED',
      updatedAt: later,
      version: 8,
    });
    expect(session).toMatchObject({ state: 'CREATED', version: 7 });
  });
});
