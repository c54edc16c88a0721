import type { JsonObject } from '../../../src/models/json.js';
import { aDoubtfulResult, aKind, aTask } from '../../factories.js';
import { mustBe } from '../../support/chimera.js';
import { type Answer, type AnswerBody, type Client, itemsOf, textOf } from '../../support/client.js';

/** Who takes part in the work of a tenant, and where. */
export interface Crew {
  readonly path: string;
  readonly submitter: Client;
  readonly agent: Client;
}

export const worker = 'writer-1';

/** A task in the worker's hands. */
export interface HeldTask {
  readonly taskId: string;
  readonly leaseToken: string;
  readonly assignment: AnswerBody;
}

/** Registers the worker, also again. */
export async function register({ agent, path }: Crew): Promise<void> {
  mustBe(200, await agent.put(`${path}/agents/${worker}`, { capabilities: [aKind] }));
}

/** Claims what there is for the worker; there must be something. */
export async function claim({ agent, path }: Crew): Promise<HeldTask> {
  const [assignment] = itemsOf(
    mustBe(200, await agent.post(`${path}/agents/${worker}/claims`, { waitMs: 5000 })),
  );
  if (!assignment) throw new Error('There was nothing to claim.');
  return { taskId: textOf(assignment.task?.taskId), leaseToken: textOf(assignment.leaseToken), assignment };
}

/** Submits a task and has the worker claim it. */
export async function claimNew(crew: Crew, changes: JsonObject = {}): Promise<HeldTask> {
  mustBe(202, await crew.submitter.post(`${crew.path}/tasks`, aTask(changes)));
  return claim(crew);
}

/** Hands in a result for a task that the worker holds. */
export async function handIn({ agent, path }: Crew, held: HeldTask, result: JsonObject): Promise<Answer> {
  const { taskId, leaseToken } = held;
  return agent.post(`${path}/tasks/${taskId}/results`, { agentId: worker, leaseToken, ...result });
}

/** Has a task worked on and held: answers its card's id. */
export async function holdNew(crew: Crew, changes: JsonObject = {}): Promise<string> {
  const answer = mustBe(200, await handIn(crew, await claimNew(crew, changes), aDoubtfulResult()));
  return textOf(answer.body.reviewId);
}
