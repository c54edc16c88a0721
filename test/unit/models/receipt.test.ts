import { describe, expect, it } from '@jest/globals';
import { cardDigestOf } from '../../../src/models/receipt.js';
import { decideCard } from '../../../src/models/review.js';
import { aCard } from './factories.js';

describe('the digest of a card as it was shown', () => {
  const card = aCard();

  it('is the same before and after the decision, and on whosever desk the card is', () => {
    const edit = { output: 'Mine.', outputDigest: 'sha256:0' };
    const decided = decideCard(
      { ...card, assignee: 'operator-2', assignedUntil: new Date() },
      { status: 'APPROVED', operatorId: 'operator-1', comment: 'Yes.', edit },
      new Date(),
    );
    expect(cardDigestOf(decided)).toBe(cardDigestOf(card));
  });

  it.each([
    ['output', { proposedOutput: 'Another.' }],
    ['input', { taskInput: 'Another.' }],
    ['reasons', { reasons: [] }],
    ['policy', { policyVersion: 2 }],
    ['confidence', { confidence: 0.51 }],
    ['agent', { agentId: 'writer-2' }],
    ['deadline', { dueAt: new Date(0) }],
  ])('is another one for another %s', (_, change) => {
    expect(cardDigestOf({ ...card, ...change })).not.toBe(cardDigestOf(card));
  });
});
