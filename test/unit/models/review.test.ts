import { describe, expect, it } from '@jest/globals';
import { digestOf } from '../../../src/models/digest.js';
import {
  approvalOf,
  assigneeAt,
  decideCard,
  expireCard,
  reviewStatuses,
} from '../../../src/models/review.js';
import { aCard } from './factories.js';

const now = new Date('2026-03-01T13:00:00.000Z');
const yes = { status: 'APPROVED', operatorId: 'op-1', comment: 'Fine.' } as const;
const no = { status: 'REJECTED', operatorId: 'op-1', comment: null } as const;

describe('an approval', () => {
  it('carries the output that was proposed, with its digest', () => {
    const card = aCard();
    expect(approvalOf(decideCard(card, yes, now))).toEqual({
      reviewId: card.reviewId,
      operatorId: 'op-1',
      decidedAt: now,
      comment: 'Fine.',
      output: card.proposedOutput,
      outputDigest: card.outputDigest,
    });
  });

  it.each([{ reply: 'Tomorrow.' }, 'Tomorrow.', 0, false, null])(
    'carries the edit %j in its place',
    (output) => {
      const edit = { output, outputDigest: digestOf(output) };
      const approved = decideCard(aCard(), { ...yes, edit }, now);
      expect(approvalOf(approved)).toMatchObject(edit);
      expect(approved.edited).toBe(true);
    },
  );

  it('is bound to the digest of the very output that it carries', () => {
    const edit = { output: { reply: 'Tomorrow.' }, outputDigest: digestOf({ reply: 'Tomorrow.' }) };
    for (const verdict of [yes, { ...yes, edit }]) {
      const approval = approvalOf(decideCard(aCard(), verdict, now));
      expect(approval?.outputDigest).toBe(digestOf(approval?.output));
    }
  });

  it('is there for no card, no open card, no rejection and no expiry', () => {
    expect(approvalOf(undefined)).toBeUndefined();
    expect(approvalOf(aCard())).toBeUndefined();
    expect(approvalOf(decideCard(aCard(), no, now))).toBeUndefined();
    expect(approvalOf(expireCard(aCard(), 'Too late.', now))).toBeUndefined();
  });

  it('needs the operator and the moment beside the word APPROVED', () => {
    const decided = { operatorId: 'op-1', resolutionAt: now };
    expect(reviewStatuses.filter((status) => approvalOf(aCard({ ...decided, status })))).toEqual([
      'APPROVED',
    ]);
    expect(approvalOf(aCard({ ...decided, status: 'APPROVED', operatorId: null }))).toBeUndefined();
    expect(approvalOf(aCard({ ...decided, status: 'APPROVED', resolutionAt: null }))).toBeUndefined();
  });
});

describe('a review card', () => {
  it('is the next version of itself once decided, and the card before stays as it was', () => {
    const card = aCard({ version: 4 });
    expect(decideCard(card, no, now)).toEqual({ ...card, ...no, resolutionAt: now, version: 5 });
    expect(card).toMatchObject({ status: 'PENDING', version: 4 });
  });

  it('keeps what was proposed beside the edit that was approved', () => {
    const card = aCard();
    const edit = { output: 'Tomorrow.', outputDigest: digestOf('Tomorrow.') };
    expect(decideCard(card, { ...yes, edit }, now)).toMatchObject({
      proposedOutput: card.proposedOutput,
      editedOutput: 'Tomorrow.',
    });
  });

  it('expires without an operator', () => {
    expect(expireCard(aCard(), 'Nobody decided in time.', now)).toMatchObject({
      status: 'EXPIRED',
      operatorId: null,
      resolutionAt: now,
      comment: 'Nobody decided in time.',
      version: 2,
    });
  });

  it('is on a desk until the assignment runs out', () => {
    const card = aCard({ assignee: 'op-1', assignedUntil: now });
    expect(assigneeAt(card, new Date(now.getTime() - 1))).toBe('op-1');
    expect(assigneeAt(card, now)).toBeNull();
    expect(assigneeAt(aCard(), now)).toBeNull();
  });
});
