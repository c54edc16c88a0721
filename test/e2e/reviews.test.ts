import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { aDoubtfulResult, aResult } from '../factories.js';
import {
  createStore,
  createTenant,
  modes,
  mustBe,
  type TestStore,
  type TestTenant,
} from '../support/chimera.js';
import { type Client, itemsOf, textOf } from '../support/client.js';
import {
  cardOf,
  claim,
  decide,
  handIn,
  historyOf,
  hold,
  isNull,
  register,
  resultOf,
  submit,
  taskOf,
  until,
} from '../support/fleet.js';

describe.each(modes)('the desk of the operators on %s', (mode) => {
  let store: TestStore;
  let tenant: TestTenant;
  let second: Client;
  let url: string;

  beforeAll(async () => {
    store = await createStore(mode);
    ({ url } = await store.start());
  });
  afterAll(() => store.drop());
  beforeEach(async () => {
    tenant = await createTenant(url);
    second = await tenant.client('OPERATOR');
    await register(tenant, 'writer', { capabilities: ['support.reply', 'legal.letter'] });
  });

  it('has one winner when two decide at the same instant, and tells the other who', async () => {
    const { operator, path } = tenant;
    const cards = await Promise.all(Array.from({ length: 25 }, () => hold25()));
    const outcomes = await Promise.all(
      cards.map(async ({ taskId, reviewId }, index) => {
        const url = `${path}/reviews/${reviewId}/decision`;
        const approve = () => operator.post(url, { status: 'APPROVED', comment: 'Yes.' });
        const reject = () => second.post(url, { status: 'REJECTED', comment: 'No.' });
        const both = index % 2 ? [approve(), reject()] : [reject(), approve()].toReversed();
        const answers = await Promise.all(both);
        return { taskId, reviewId, answers };
      }),
    );
    for (const { taskId, reviewId, answers } of outcomes) {
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
      const winner = answers.find(({ status }) => status === 200);
      const loser = answers.find(({ status }) => status === 409);
      const card = await cardOf(tenant, reviewId);
      expect(winner?.body).toEqual(card);
      expect(loser?.body).toMatchObject({ code: 'REVIEW_ALREADY_DECIDED' });
      expect(loser?.body.review).toEqual(card);
      const approved = textOf(card.status) === 'APPROVED';
      expect(await taskOf(tenant, taskId)).toMatchObject({ status: approved ? 'APPROVED' : 'REJECTED' });
      const decisions = (await historyOf(tenant, taskId)).filter(
        ({ type }) => textOf(type) === 'review.decided',
      );
      expect(decisions).toHaveLength(1);
      expect(decisions[0]?.payload).toMatchObject({ status: card.status });
    }
    const ready = (await Promise.all([claim(tenant, 'writer', { maxTasks: 100 })])).flat();
    const approvedTasks = outcomes
      .filter(({ answers }) => answers[0]?.status === 200)
      .map(({ taskId }) => taskId);
    expect(ready.map(({ taskId }) => taskId).toSorted()).toEqual(approvedTasks.toSorted());
  });

  it('takes the operator from the credential, and the same decision again as a repetition', async () => {
    const { operator, path } = tenant;
    const { reviewId } = await hold(tenant, 'writer');
    const decision = { status: 'APPROVED', comment: 'Fine.' };
    const first = mustBe(200, await decide(tenant, reviewId, decision));
    expect(first.body.operatorId).not.toBeNull();
    expect(first.headers.get('etag')).toBe('"2"');
    expect(mustBe(200, await decide(tenant, reviewId, decision)).body).toEqual(first.body);
    for (const other of [
      { status: 'APPROVED', comment: 'Very fine.' },
      { status: 'APPROVED' },
      { status: 'REJECTED', comment: 'Fine.' },
      { ...decision, editedOutput: { reply: 'Other.' } },
    ]) {
      expect((await decide(tenant, reviewId, other)).body.code).toBe('REVIEW_ALREADY_DECIDED');
    }
    const another = await second.post(`${path}/reviews/${reviewId}/decision`, decision);
    expect(another.body).toMatchObject({ status: 409, review: { operatorId: first.body.operatorId } });
    const forged = await operator.post(`${path}/reviews/${reviewId}/decision`, {
      ...decision,
      operatorId: 'me',
    });
    expect(forged.body).toMatchObject({ status: 400, errors: [{ pointer: '/operatorId' }] });
  });

  it('takes the same edited decision again as a repetition too', async () => {
    const { reviewId } = await hold(tenant, 'writer');
    const edit = { status: 'APPROVED', editedOutput: { reply: 'On Friday.' } };
    const first = mustBe(200, await decide(tenant, reviewId, edit));
    expect(mustBe(200, await decide(tenant, reviewId, edit)).body).toEqual(first.body);
    expect((await decide(tenant, reviewId)).status).toBe(409);
  });

  it('refuses a decision about a card that has changed since it was looked at', async () => {
    const { operator, path } = tenant;
    const { reviewId } = await hold(tenant, 'writer');
    const card = `${path}/reviews/${reviewId}`;
    const seen = (await operator.get(card)).headers.get('etag') ?? '';
    mustBe(200, await operator.post(`${card}/assign`, {}));
    const decideIf = (tag: string) =>
      operator.post(`${card}/decision`, { status: 'APPROVED' }, { 'if-match': tag });
    expect((await decideIf(seen)).body).toMatchObject({ status: 412, code: 'PRECONDITION_FAILED' });
    expect((await decideIf('W/"2"')).body).toMatchObject({ status: 400, errors: [{ pointer: 'If-Match' }] });
    expect(await cardOf(tenant, reviewId)).toMatchObject({ status: 'PENDING', version: 2 });
    expect(mustBe(200, await decideIf('"2"')).headers.get('etag')).toBe('"3"');
    const other = await hold(tenant, 'writer').catch(() => undefined);
    expect(other).toBeUndefined();
  });

  it('lets one operator at a time keep a card, until the time is over or the card is given back', async () => {
    const { operator, path } = tenant;
    const { reviewId } = await hold(tenant, 'writer');
    const assign = (who: Client, body = {}) => who.post(`${path}/reviews/${reviewId}/assign`, body);
    const unassign = (who: Client) => who.post(`${path}/reviews/${reviewId}/unassign`);
    const mine = mustBe(200, await assign(operator));
    const { assignee } = mine.body;
    expect(assignee).not.toBeNull();
    const taken = mustBe(409, await assign(second));
    expect(taken.body).toMatchObject({ code: 'REVIEW_ASSIGNED', assignee });
    expect((await unassign(second)).body.code).toBe('REVIEW_ASSIGNED');
    const listed = itemsOf(await operator.get(`${path}/reviews?assignee=${textOf(assignee)}`));
    expect(listed).toMatchObject([{ reviewId, assignee }]);

    expect(mustBe(200, await unassign(operator)).body.assignee).toBeNull();
    const again = mustBe(200, await unassign(operator));
    expect(again.body).toMatchObject({ assignee: null, version: 3 });
    mustBe(200, await assign(second, { ttlMs: 1_000 }));
    expect((await assign(operator)).status).toBe(409);
    await until(async () => isNull((await cardOf(tenant, reviewId)).assignee));
    mustBe(200, await assign(operator));
    mustBe(200, await decide(tenant, reviewId));
    for (const late of [await assign(operator), await unassign(operator)]) {
      expect(late.body).toMatchObject({ status: 409, code: 'REVIEW_ALREADY_DECIDED', review: { reviewId } });
    }
  });

  it('closes a card that nobody decides in time, which is never an approval', async () => {
    const { operator, path } = tenant;
    mustBe(200, await operator.put(`${path}/policy`, { reviewDeadlineMs: 1_000 }));
    const { taskId, reviewId } = await hold(tenant, 'writer', { task: { onApproval: 'COMPLETE' } });
    const result = await resultOf(tenant, taskId);
    expect(result).toMatchObject({ status: 'REJECTED', output: null });
    expect(result).not.toHaveProperty('approval');
    const card = await cardOf(tenant, reviewId);
    expect(card).toMatchObject({ status: 'EXPIRED', operatorId: null });
    expect(Date.parse(textOf(card.resolutionAt))).toBeGreaterThanOrEqual(Date.parse(textOf(card.dueAt)));
    expect(await taskOf(tenant, taskId)).toMatchObject({
      error: { code: 'REVIEW_EXPIRED', message: 'Rejected by Review' },
    });
    const late = await decide(tenant, reviewId);
    expect(late.body).toMatchObject({ code: 'REVIEW_ALREADY_DECIDED', review: { status: 'EXPIRED' } });
    expect(await claim(tenant, 'writer', { maxTasks: 100 })).toEqual([]);
    const types = (await historyOf(tenant, taskId)).map(({ type }) => type);
    expect(types.slice(-2)).toEqual(['review.expired', 'task.rejected']);
  });

  it('lists cards oldest first or by priority, part by part', async () => {
    const { operator, path } = tenant;
    const held: { reviewId: string; priority: number }[] = [];
    for (const priority of [10, 90, 50, 90, 30]) {
      held.push({ priority, ...(await hold(tenant, 'writer', { task: { priority } })) });
    }
    const idsOf = async (query: string) => {
      const ids: string[] = [];
      for (let cursor = ''; ;) {
        const page = mustBe(200, await operator.get(`${path}/reviews?limit=2&${query}${cursor}`));
        expect(itemsOf(page).length).toBeLessThanOrEqual(2);
        ids.push(...itemsOf(page).map(({ reviewId }) => textOf(reviewId)));
        if (isNull(page.body.nextCursor)) return ids;
        cursor = `&cursor=${textOf(page.body.nextCursor)}`;
      }
    };
    const byAge = held.map(({ reviewId }) => reviewId);
    const byPriority = held.toSorted((one, other) => other.priority - one.priority);
    expect(await idsOf('status=PENDING')).toEqual(byAge);
    expect(await idsOf('status=PENDING&sort=priority')).toEqual(byPriority.map(({ reviewId }) => reviewId));
    const page = mustBe(200, await operator.get(`${path}/reviews?limit=2`));
    const cursor = textOf(page.body.nextCursor);
    for (const elsewhere of ['sort=priority', 'status=PENDING', 'kind=a']) {
      const answer = await operator.get(`${path}/reviews?limit=2&${elsewhere}&cursor=${cursor}`);
      expect(answer.body).toMatchObject({ status: 400, code: 'INVALID_CURSOR' });
    }
  });

  it('lists only the cards that are asked for', async () => {
    const { operator, auditor, path } = tenant;
    await register(tenant, 'lawyer', { capabilities: ['legal.letter'] });
    const doubtful = await hold(tenant, 'writer');
    const personal = await hold(tenant, 'writer', {
      result: aResult({ output: 'Ask jane.doe@example.com' }),
    });
    const letter = await hold(tenant, 'lawyer', { task: { kind: 'legal.letter' } });
    mustBe(200, await decide(tenant, doubtful.reviewId, { status: 'REJECTED' }));
    const idsOf = async (query: string, who = operator) =>
      itemsOf(mustBe(200, await who.get(`${path}/reviews?${query}`))).map(({ reviewId }) => reviewId);
    expect(await idsOf('', auditor)).toEqual([doubtful, personal, letter].map(({ reviewId }) => reviewId));
    expect(await idsOf('status=REJECTED')).toEqual([doubtful.reviewId]);
    expect(await idsOf('status=PENDING&reason=PII')).toEqual([personal.reviewId]);
    expect(await idsOf('kind=legal.letter')).toEqual([letter.reviewId]);
    expect(await idsOf('agentId=writer&status=PENDING')).toEqual([personal.reviewId]);
    expect(await idsOf('assignee=nobody')).toEqual([]);
    expect((await operator.get(`${path}/reviews?reason=BOREDOM`)).body).toMatchObject({
      code: 'VALIDATION_FAILED',
    });
    const nowhere = await operator.get(`${path}/reviews/01890000-0000-7000-8000-000000000000`);
    expect(nowhere.body).toMatchObject({ status: 404, code: 'REVIEW_NOT_FOUND' });
  });

  async function hold25() {
    const taskId = await submit(tenant);
    const [assignment] = await claim(tenant, 'writer', { waitMs: 5_000 });
    if (!assignment) throw new Error(`There was no work beside ${taskId}.`);
    const receipt = mustBe(200, await handIn(tenant, assignment, aDoubtfulResult()));
    return { taskId: assignment.taskId, reviewId: textOf(receipt.body.reviewId) };
  }
});
