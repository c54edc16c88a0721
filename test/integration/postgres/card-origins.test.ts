import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CardOrigins } from '../../../src/services/card-origins.js';
import { aCard } from '../../unit/models/factories.js';
import { aTenant, type Bench, type Desk, held, openBench } from './bench.js';

describe('the origin of a card', () => {
  let bench: Bench;
  let desk: Desk;
  let tenantId: string;

  beforeAll(async () => {
    bench = await openBench();
    desk = await bench.open();
  });
  afterAll(() => bench.drop());
  afterEach(() => void jest.restoreAllMocks());
  beforeEach(async () => {
    tenantId = await aTenant(desk.ledger);
  });

  it('is the task that the card holds, whether the card is read or remembered', async () => {
    const { card } = await held(desk.ledger, { tenantId });
    const read = jest.spyOn(desk.records, 'review');
    const origins = new CardOrigins(desk.records);
    for (let time = 0; time < 2; time += 1)
      expect(await origins.of(tenantId, card.reviewId)).toMatchObject({
        taskId: card.taskId,
        kind: card.kind,
      });
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('is nothing that another tenant learns', async () => {
    const { card } = await held(desk.ledger, { tenantId });
    const origins = new CardOrigins(desk.records);
    origins.note(card);
    const other = await aTenant(desk.ledger);
    await expect(origins.of(other, card.reviewId)).rejects.toMatchObject({ code: 'REVIEW_NOT_FOUND' });
  });

  it('is forgotten and read again when ten thousand others came after it', async () => {
    const { card } = await held(desk.ledger, { tenantId });
    const origins = new CardOrigins(desk.records);
    const read = jest.spyOn(desk.records, 'review');
    origins.note(card);
    for (let nth = 0; nth < 10_000; nth += 1) origins.note(aCard({ tenantId, reviewId: `r${nth}` }));
    expect(await origins.of(tenantId, card.reviewId)).toMatchObject({ taskId: card.taskId });
    expect(read).toHaveBeenCalledTimes(1);
  });
});
