import { describe, expect, it } from '@jest/globals';
import { type AuditEvent, auditTypes, feedTypes, genesisHash, linkHash } from '../../../src/models/audit.js';

const event: Omit<AuditEvent, 'hash'> = {
  tenantId: 't_factory',
  sequence: 7,
  eventId: '0195511f-7000-7000-8000-000000000001',
  type: 'task.running',
  at: new Date('2026-03-01T12:00:00.000Z'),
  actor: { type: 'AGENT', id: 'writer-1' },
  taskId: '0195511f-7000-7000-8000-000000000002',
  reviewId: null,
  agentId: 'writer-1',
  sessionId: null,
  traceId: '0af7651916cd43dd8448eb211c80319c',
  payload: { stage: 'PROPOSE', attempt: 1 },
  previousHash: genesisHash,
};

describe('the hash of an audit event', () => {
  const forgeries: readonly Partial<AuditEvent>[] = [
    { tenantId: 't_other' },
    { sequence: 8 },
    { eventId: '0195511f-7000-7000-8000-000000000009' },
    { type: 'task.queued' },
    { at: new Date('2026-03-01T12:00:00.001Z') },
    { actor: { type: 'OPERATOR', id: 'writer-1' } },
    { actor: { type: 'AGENT', id: 'writer-2' } },
    { taskId: null },
    { reviewId: '' },
    { agentId: null },
    { sessionId: 's' },
    { traceId: null },
    { payload: { stage: 'PROPOSE', attempt: 2 } },
    { payload: { stage: 'PROPOSE', attempt: 1, more: null } },
    { previousHash: 'f'.repeat(64) },
  ];

  it('changes with every member', () => {
    const changed = new Set(forgeries.flatMap((forgery) => Object.keys(forgery)));
    expect(Object.keys(event).filter((member) => !changed.has(member))).toEqual([]);
    const hashes = [event, ...forgeries.map((forgery) => ({ ...event, ...forgery }))].map(linkHash);
    expect(new Set(hashes).size).toBe(forgeries.length + 1);
  });

  it('is the same in whatever order the members come', () => {
    const { payload, actor, ...rest } = event;
    const reversed = {
      payload: { attempt: 1, stage: 'PROPOSE' },
      ...rest,
      actor: { id: actor.id, type: actor.type },
    };
    expect(payload).toEqual(reversed.payload);
    expect(linkHash(reversed)).toBe(linkHash(event));
  });

  it('is 64 lower-case hex digits', () => {
    expect(linkHash(event)).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('the feed', () => {
  it('never tells of keys, tenants and brakes, of who was shown what, nor of policies that are not in force', () => {
    const kept = auditTypes.filter((type) => !feedTypes.some((told) => told === type));
    expect(kept).toEqual([
      ...['tenant.created', 'key.created', 'key.rotated', 'key.revoked', 'session.started'],
      'review.revealed',
      ...['policy.drafted', 'policy.shadowed', 'policy.backtested'],
      ...['policy.proposed', 'policy.approved', 'policy.discarded'],
      ...['fleet.brake_engaged', 'fleet.brake_released'],
    ]);
  });
});
