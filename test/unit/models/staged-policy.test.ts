import { describe, expect, it } from '@jest/globals';
import { defaultPolicy } from '../../../src/models/policy.js';
import {
  discarded,
  inForce,
  proposed,
  shadowed,
  type StagedPolicy,
} from '../../../src/models/staged-policy.js';

const then = new Date('2026-03-01T12:00:00.000Z');
const now = new Date('2026-03-01T13:00:00.000Z');

const draft: StagedPolicy = {
  tenantId: 't_acme',
  draftId: '019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071',
  rules: defaultPolicy,
  rulesDigest: 'sha256:x',
  note: null,
  state: 'DRAFT',
  createdAt: then,
  createdBy: 'ann',
  shadowedAt: null,
  looser: null,
  proposedAt: null,
  proposedBy: null,
  proposedOver: null,
  backtestId: null,
  replayed: null,
  approvedAt: null,
  approvedBy: null,
  policyVersion: null,
  closedAt: null,
  version: 1,
};
const proposal = { looser: true, proposedBy: 'ann', proposedOver: 4, backtestId: 'b', replayed: 7 };
const waiting = proposed(draft, proposal, then);
const refusal = (code: string) => expect.objectContaining({ code });

describe('a draft of a policy', () => {
  it('judges in the shadow from the first time that it is told to', () => {
    const shadow = shadowed(draft, then);
    expect(shadow).toMatchObject({ state: 'SHADOW', shadowedAt: then, version: 2 });
    expect(shadowed(shadow, now)).toBe(shadow);
  });

  it('stays in the shadow while it is proposed', () => {
    expect(proposed(shadowed(draft, then), proposal, now)).toMatchObject({ state: 'SHADOW', ...proposal });
  });

  it('comes into force when another than its proposer approves it', () => {
    expect(inForce(waiting, 5, 'bob', now)).toMatchObject({
      ...{ state: 'LIVE', approvedBy: 'bob', approvedAt: now, policyVersion: 5, closedAt: now },
    });
  });

  it('does not come into force by its proposer or by nobody, when it is looser', () => {
    for (const by of ['ann', null]) {
      expect(() => inForce(waiting, 5, by, now)).toThrow(refusal('POLICY_NEEDS_SECOND_OPERATOR'));
    }
    expect(() => inForce(draft, 5, null, now)).toThrow(refusal('POLICY_NEEDS_SECOND_OPERATOR'));
  });

  it('comes into force by itself, when it is not looser', () => {
    const tighter = proposed(draft, { ...proposal, looser: false }, then);
    expect(inForce(tighter, 5, null, now)).toMatchObject({
      state: 'LIVE',
      approvedBy: null,
      approvedAt: null,
    });
  });

  it('is what it is once it is in force or dropped', () => {
    const dropped = discarded(draft, now);
    expect(dropped).toMatchObject({ state: 'DISCARDED', closedAt: now });
    expect(discarded(dropped, now)).toBe(dropped);
    for (const closed of [dropped, inForce(waiting, 5, 'bob', now)]) {
      expect(() => shadowed(closed, now)).toThrow(refusal('DRAFT_STATE_CONFLICT'));
      expect(() => proposed(closed, proposal, now)).toThrow(refusal('DRAFT_STATE_CONFLICT'));
      expect(() => inForce(closed, 6, 'bob', now)).toThrow(refusal('DRAFT_STATE_CONFLICT'));
    }
    expect(() => discarded(inForce(waiting, 5, 'bob', now), now)).toThrow(refusal('DRAFT_STATE_CONFLICT'));
  });
});
