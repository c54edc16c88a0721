import type { JsonObject } from '../../src/models/json.js';
import { aDoubtfulResult, aFailure, aKind, aResult, aTask } from '../factories.js';
import { holder, target, type Things } from './scene.js';

/** A request that its route takes, or would if the thing were in the right state. */
export interface ValidRequest {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: JsonObject;
}

type Maker = (things: Things, which: number) => ValidRequest;

const T = '/v1/tenants/{tenantId}';

const fullTask = ({ sessionId, taskId }: Things): JsonObject =>
  aTask({
    ...{ priority: 50, maxAttempts: 3, timeoutMs: 3_600_000, delayMs: 0, sessionId, parentTaskId: taskId },
    ...{ onApproval: 'EXECUTE' },
  });

const fullPolicy: JsonObject = {
  confidence: { holdBelow: 0.8, rejectBelow: 0.1 },
  keywords: [{ term: 'refund', match: 'PREFIX', action: 'DENY' }],
  patterns: [{ name: 'order', pattern: 'ORD-[0-9]{8}', action: 'HITL' }],
  detectors: {
    PII: { action: 'HITL', allow: ['a@b.example'], types: { EMAIL: { action: 'OFF' } } },
    SECRET: { action: 'DENY' },
  },
  topics: { POLITICS: { action: 'OFF' } },
  kinds: { [aKind]: { confidence: { holdBelow: 0.9 }, reviewDeadlineMs: 5000 } },
  reviewDeadlineMs: 86_400_000,
};

const pick = <T>(which: number, ...choices: readonly [T, ...T[]]): T =>
  choices[which % choices.length] ?? choices[0];

const page = ({ cursors }: Things, which: number) => ({
  limit: String(1 + (which % 3)),
  ...(which % 4 === 0 && cursors.length > 0 && { cursor: cursors[which % cursors.length] ?? '' }),
});

const leaseOf = ({ leaseToken }: Things): JsonObject => ({ agentId: holder.agentId, leaseToken });
const leased = ({ leasedTaskId }: Things) => ({ taskId: leasedTaskId });
const someReview = ({ reviewId, decidedReviewId }: Things, which: number) => ({
  reviewId: pick(which, reviewId, decidedReviewId),
});
const someTask = ({ taskId, finalTaskId, leasedTaskId }: Things, which: number) => ({
  taskId: pick(which, taskId, finalTaskId, leasedTaskId),
});
const stretch = { from: '2026-01-01T00:00:00Z', to: '2026-12-31T00:00:00.000Z' };

/** By the method and the address that the description has. What is not here is asked as it stands there. */
const makers: Readonly<Record<string, Maker>> = {
  'POST /v1/tenants': (_, which) => ({ body: { tenantId: `t_fuzz_${which}`, name: 'Fuzz' } }),
  [`POST ${T}/api-keys`]: () => ({ body: { name: 'k', role: 'AUDITOR', expiresAt: '2999-01-01T00:00:00Z' } }),
  [`GET ${T}/api-keys`]: (things, which) => ({ query: page(things, which) }),
  [`POST ${T}/api-keys/{keyId}/rotate`]: () => ({
    body: { overlapMs: 1000, expiresAt: '2999-01-01T00:00:00Z' },
  }),
  [`POST ${T}/sessions`]: () => ({ body: { requestedBy: 'fuzz' } }),
  [`GET ${T}/sessions/{sessionId}/events`]: () => ({ headers: { 'last-event-id': '1' } }),
  [`GET ${T}/events`]: () => ({ headers: { 'last-event-id': '1' } }),
  [`PUT ${T}/agents/{agentId}`]: () => ({
    body: {
      ...{ name: 'Two', role: 'WORKER', version: '2', capabilities: [aKind], maxConcurrentTasks: 5 },
      metadata: { a: [1, { b: null }] },
    },
  }),
  [`POST ${T}/agents/{agentId}/heartbeat`]: () => ({ body: { status: 'IDLE', metrics: { load: 0.5 } } }),
  [`POST ${T}/agents/{agentId}/claims`]: () => ({ body: { maxTasks: 2, waitMs: 0, kinds: [aKind] } }),
  [`GET ${T}/agents`]: (things, which) => ({
    query: { ...page(things, which), status: 'IDLE', capability: aKind },
  }),
  [`POST ${T}/tasks`]: (things, which) => ({
    body: pick(which, fullTask(things), aTask()),
    headers: {
      'idempotency-key': `k${which % 50}`,
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    },
  }),
  [`POST ${T}/tasks/batch`]: (things) => ({ body: { tasks: [fullTask(things), aTask()] } }),
  [`GET ${T}/tasks`]: (things, which) => ({
    query: {
      ...page(things, which),
      ...pick(
        which,
        { status: 'QUEUED' },
        { kind: aKind },
        { sessionId: things.sessionId },
        { agentId: target },
        {},
      ),
    },
  }),
  [`GET ${T}/tasks/{taskId}`]: (things, which) => ({ params: someTask(things, which) }),
  [`GET ${T}/tasks/{taskId}/history`]: (things, which) => ({
    params: someTask(things, which),
    query: page(things, which),
  }),
  [`GET ${T}/tasks/{taskId}/result`]: (things, which) => ({
    params: someTask(things, which),
    query: { waitMs: '0' },
  }),
  [`POST ${T}/tasks/{taskId}/results`]: (things, which) => ({
    params: leased(things),
    body: {
      ...leaseOf(things),
      ...pick(which, aResult(), aDoubtfulResult({ output: 'Write to bob@parcels.example.' }), aFailure()),
    },
  }),
  [`POST ${T}/tasks/{taskId}/lease`]: (things) => ({
    params: leased(things),
    body: { ...leaseOf(things), extendMs: 3_600_000 },
  }),
  [`POST ${T}/tasks/{taskId}/release`]: (things) => ({ params: leased(things), body: leaseOf(things) }),
  [`GET ${T}/reviews`]: (things, which) => ({
    query: {
      ...page(things, which),
      ...pick(
        which,
        { status: 'PENDING' },
        { reason: 'PII' },
        { sort: 'priority' },
        { assignee: 'admin' },
        { agentId: target },
        {},
      ),
    },
  }),
  [`GET ${T}/reviews/{reviewId}`]: (things, which) => ({ params: someReview(things, which) }),
  [`POST ${T}/reviews/{reviewId}/decision`]: (things, which) => ({
    params: someReview(things, which),
    body: pick<JsonObject>(
      which,
      { status: 'REJECTED', comment: 'No.' },
      {
        status: 'APPROVED',
        comment: 'Yes.',
        editedOutput: { reply: 'Call 020 7946 0958.' },
        confirmReasons: false,
      },
      { status: 'APPROVED', comment: '', editedOutput: { reply: 'Monday.' }, confirmReasons: true },
    ),
    headers: pick<Readonly<Record<string, string>>>(which, { 'if-match': '"1"' }, {}),
  }),
  [`POST ${T}/reviews/{reviewId}/reveal`]: (things, which) => ({
    params: someReview(things, which),
    body: { reason: 'Why.' },
  }),
  [`POST ${T}/reviews/{reviewId}/assign`]: (things, which) => ({
    params: someReview(things, which),
    body: { ttlMs: 60_000 },
  }),
  [`PUT ${T}/policy`]: () => ({ body: fullPolicy }),
  [`GET ${T}/policy/versions`]: (things, which) => ({ query: page(things, which) }),
  [`POST ${T}/policy/evaluate`]: () => ({
    body: { output: { reply: 'refund ORD-12345678' }, confidence: 0.9, kind: aKind, policy: fullPolicy },
  }),
  [`GET ${T}/policy/diff`]: ({ draftId }) => ({ query: { from: '1', to: draftId } }),
  [`POST ${T}/policy/backtest`]: () => ({ body: { policy: fullPolicy, ...stretch } }),
  [`GET ${T}/policy/drafts`]: (things, which) => ({ query: page(things, which) }),
  [`POST ${T}/policy/drafts`]: () => ({ body: { policy: fullPolicy, note: 'A note.' } }),
  [`POST ${T}/policy/drafts/{draftId}/backtest`]: () => ({ body: stretch }),
  [`POST ${T}/policy/drafts/{draftId}/propose`]: ({ backtestId }) => ({ body: { backtestId } }),
  [`GET ${T}/audit`]: (things, which) => ({
    query: {
      ...page(things, which),
      ...pick<Readonly<Record<string, string>>>(which, { type: 'task.queued' }, { actor: 'admin' }, stretch, {
        reviewId: things.reviewId,
      }),
    },
  }),
  [`GET ${T}/audit/checkpoints`]: (things, which) => ({ query: page(things, which) }),
};

/** A valid request of the route, with every parameter of its path but the tenant. */
export function validRequest(route: string, things: Things, which: number): ValidRequest {
  const { params = {}, ...rest } = makers[route]?.(things, which) ?? {};
  const { reviewId, sessionId, keyId, draftId, backtestId, taskId } = things;
  return {
    params: { agentId: target, reviewId, sessionId, keyId, draftId, backtestId, taskId, ...params },
    ...rest,
  };
}
