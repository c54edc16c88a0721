import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aResult } from '../factories.js';
import { createStore, createTenant, mustBe, type TestStore, type TestTenant } from '../support/chimera.js';
import { itemsOf, textOf } from '../support/client.js';
import { decide, hold, register } from '../support/fleet.js';

const secret = 'jo.miller@parcels.example';
const output = { reply: `Write to ${secret}.`, note: 'It comes today.' };
const shown = { reply: `Write to ${'•'.repeat(secret.length)}.`, note: 'It comes today.' };

describe('what a card holds', () => {
  let store: TestStore;
  let tenant: TestTenant;
  let reviewId: string;

  beforeAll(async () => {
    store = await createStore('postgres');
    tenant = await createTenant((await store.start()).url);
    await register(tenant, 'writer');
    ({ reviewId } = await hold(tenant, 'writer', { result: aResult({ output }) }));
  });
  afterAll(() => store.drop());

  const listed = async () => {
    const { operator, path } = tenant;
    const items = itemsOf(mustBe(200, await operator.get(`${path}/reviews`)));
    return items.find((card) => textOf(card.reviewId) === reviewId);
  };

  it('is masked in lists and for auditors where the gate found something, and shown on the card to who may decide it', async () => {
    const { operator, auditor, path } = tenant;
    const card = mustBe(200, await operator.get(`${path}/reviews/${reviewId}`)).body;
    expect(card).toMatchObject({ proposedOutput: output });
    const seen = mustBe(200, await auditor.get(`${path}/reviews/${reviewId}`));
    expect(seen.body).toEqual({ ...card, proposedOutput: shown });
    for (const query of ['', '?status=PENDING', '?sort=priority', '?reason=PII']) {
      const answer = mustBe(200, await auditor.get(`${path}/reviews${query}`));
      expect(JSON.stringify(answer.body)).not.toContain(secret);
      expect(itemsOf(answer)).toContainEqual({ ...card, proposedOutput: shown });
    }
  });

  it('is revealed to an operator who says why, and the record says so before', async () => {
    const { operator, admin, auditor, path } = tenant;
    const reason = 'A customer asks what we hold.';
    const answer = mustBe(200, await operator.post(`${path}/reviews/${reviewId}/reveal`, { reason }));
    expect(answer.body).toEqual({
      reviewId,
      proposedOutput: output,
      editedOutput: null,
      outputDigest: expect.stringMatching(/^sha256:/),
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    mustBe(200, await admin.post(`${path}/reviews/${reviewId}/reveal`, { reason: 'Looking.' }));
    const audit = mustBe(200, await auditor.get(`${path}/audit?type=review.revealed&reviewId=${reviewId}`));
    expect(itemsOf(audit)).toMatchObject([
      { actor: { type: 'OPERATOR' }, payload: { reason } },
      { actor: { type: 'ADMIN', id: 'admin' }, payload: { reason: 'Looking.' } },
    ]);
    expect(JSON.stringify(audit.body)).not.toContain(secret);
    expect(mustBe(200, await auditor.get(`${path}/audit/verify`)).body).toMatchObject({ valid: true });
  });

  it('is revealed to nobody else, nor without a reason, and then the record says nothing', async () => {
    const { operator, auditor, submitter, agent, path } = tenant;
    const before = itemsOf(await auditor.get(`${path}/audit?type=review.revealed`)).length;
    const reveal = `${path}/reviews/${reviewId}/reveal`;
    for (const who of [auditor, submitter, agent])
      mustBe(403, await who.post(reveal, { reason: 'Curious.' }));
    for (const body of [undefined, {}, { reason: '' }, { reason: 'x'.repeat(501) }, { reason: 1 }]) {
      mustBe(400, await operator.post(reveal, body));
    }
    mustBe(404, await operator.post(`${path}/reviews/${crypto.randomUUID()}/reveal`, { reason: 'Which?' }));
    expect(itemsOf(await auditor.get(`${path}/audit?type=review.revealed`))).toHaveLength(before);
  });

  it('is masked in the names of members as the gate says it', async () => {
    const named = await hold(tenant, 'writer', {
      result: aResult({ output: { [secret]: 'yes', b: [secret] } }),
    });
    const answer = mustBe(200, await tenant.operator.get(`${tenant.path}/reviews`));
    const card = itemsOf(answer).find((one) => textOf(one.reviewId) === named.reviewId);
    const masked = '•'.repeat(secret.length);
    expect(card).toMatchObject({ proposedOutput: { [masked]: 'yes', b: [masked] } });
    expect(JSON.stringify(answer.body)).not.toContain(secret);
  });

  it('is hidden in lists once it was edited, and revealed with the edit', async () => {
    const { operator, path } = tenant;
    const editedOutput = { reply: 'Write to al@parcels.example.' };
    const decision = { status: 'APPROVED', editedOutput, confirmReasons: true };
    mustBe(200, await decide(tenant, reviewId, decision));
    expect(await listed()).toMatchObject({ proposedOutput: shown, editedOutput: '•••' });
    const answer = await operator.post(`${path}/reviews/${reviewId}/reveal`, { reason: 'To compare.' });
    expect(mustBe(200, answer).body).toMatchObject({ proposedOutput: output, editedOutput });
    expect(textOf(answer.body.reviewId)).toBe(reviewId);
  });
});
