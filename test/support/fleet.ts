import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '../../src/models/json.js';
import { aDoubtfulResult, aKind, aResult, aTask } from '../factories.js';
import { mustBe, type TestTenant } from './chimera.js';
import { type Answer, type AnswerBody, itemsOf, textOf } from './client.js';

/** A task in an agent's hands. */
export interface Assignment {
  readonly agentId: string;
  readonly taskId: string;
  readonly leaseToken: string;
  /** The assignment as it came. */
  readonly body: AnswerBody;
}

/** A task that waits for a person. */
export interface HeldTask {
  readonly taskId: string;
  readonly reviewId: string;
}

/** Registers the agent for work of `aKind`, unless `changes` say otherwise. Returns its id. */
export async function register(
  { agent, path }: TestTenant,
  agentId: string,
  changes: JsonObject = {},
): Promise<string> {
  mustBe(200, await agent.put(`${path}/agents/${agentId}`, { capabilities: [aKind], ...changes }));
  return agentId;
}

/** Submits `aTask` with the changes. Returns its id. */
export async function submit({ submitter, path }: TestTenant, changes: JsonObject = {}): Promise<string> {
  return textOf(mustBe(202, await submitter.post(`${path}/tasks`, aTask(changes))).body.taskId);
}

/** What the agent gets when it asks for work; it does not wait unless `request` says so. */
export async function claim(
  { agent, path }: TestTenant,
  agentId: string,
  request: JsonObject = {},
): Promise<readonly Assignment[]> {
  const answer = mustBe(200, await agent.post(`${path}/agents/${agentId}/claims`, request));
  return itemsOf(answer).map((body) => ({
    agentId,
    taskId: textOf(body.task?.taskId),
    leaseToken: textOf(body.leaseToken),
    body,
  }));
}

/** The next task for the agent, which has ten seconds to come. */
export async function claimOne(
  tenant: TestTenant,
  agentId: string,
  request: JsonObject = {},
): Promise<Assignment> {
  const [assignment] = await claim(tenant, agentId, { waitMs: 10_000, ...request });
  if (!assignment) throw new Error(`There was no work for ${agentId}.`);
  return assignment;
}

/** Hands in what the agent made of its task: a result that the gate releases, unless it says otherwise. */
export function handIn(
  { agent, path }: TestTenant,
  { agentId, taskId, leaseToken }: Assignment,
  result: JsonObject = aResult(),
): Promise<Answer> {
  return agent.post(`${path}/tasks/${taskId}/results`, { agentId, leaseToken, ...result });
}

/** Has the agent do a new task so that the gate holds it. */
export async function hold(
  tenant: TestTenant,
  agentId: string,
  changes: { task?: JsonObject; result?: JsonObject } = {},
): Promise<HeldTask> {
  const taskId = await submit(tenant, changes.task);
  const assignment = await claimOne(tenant, agentId);
  if (assignment.taskId !== taskId) throw new Error(`${agentId} got another task than ${taskId}.`);
  const receipt = mustBe(200, await handIn(tenant, assignment, changes.result ?? aDoubtfulResult()));
  return { taskId, reviewId: textOf(receipt.body.reviewId) };
}

/** Decides the card as the tenant's operator. */
export function decide(
  { operator, path }: TestTenant,
  reviewId: string,
  decision: JsonObject = { status: 'APPROVED' },
): Promise<Answer> {
  return operator.post(`${path}/reviews/${reviewId}/decision`, decision);
}

export async function taskOf({ submitter, path }: TestTenant, taskId: string): Promise<AnswerBody> {
  return mustBe(200, await submitter.get(`${path}/tasks/${taskId}`)).body;
}

export async function cardOf({ operator, path }: TestTenant, reviewId: string): Promise<AnswerBody> {
  return mustBe(200, await operator.get(`${path}/reviews/${reviewId}`)).body;
}

/** How the task ended, once it has; it has ten seconds. */
export async function resultOf({ submitter, path }: TestTenant, taskId: string): Promise<AnswerBody> {
  return mustBe(200, await submitter.get(`${path}/tasks/${taskId}/result?waitMs=10000`)).body;
}

/** The task's audit events, oldest first. */
export async function historyOf(
  { auditor, path }: TestTenant,
  taskId: string,
): Promise<readonly AnswerBody[]> {
  return itemsOf(mustBe(200, await auditor.get(`${path}/tasks/${taskId}/history?limit=200`)));
}

/** The first answer that is there, looking again and again for up to `boundMs`. */
export async function until<T>(
  look: () => Promise<T | undefined | null | false>,
  boundMs = 10_000,
): Promise<T> {
  const end = Date.now() + boundMs;
  for (;;) {
    const answer = await look();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`It did not happen within ${boundMs} ms: ${look.toString()}`);
    await delay(20);
  }
}

/** The task, once it is in this status. */
export function untilStatus(tenant: TestTenant, taskId: string, status: string): Promise<AnswerBody> {
  return until(async () => {
    const task = await taskOf(tenant, taskId);
    return textOf(task.status) === status && task;
  });
}

/** Whether an answer says `null` there. */
export function isNull(value: unknown): boolean {
  return value === null;
}

/** An array of an answer. */
export function listOf(value: AnswerBody | undefined): readonly AnswerBody[] {
  return Array.isArray(value) ? (value as readonly AnswerBody[]) : [];
}

/** Milliseconds from one time of an answer to another. */
export function msBetween(from: AnswerBody | undefined, to: AnswerBody | undefined): number {
  return Date.parse(textOf(to)) - Date.parse(textOf(from));
}
