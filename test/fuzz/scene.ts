import type { JsonObject } from '../../src/models/json.js';
import { aDoubtfulResult, aKind, aResult, aTask } from '../factories.js';
import { createTenant, type TestTenant } from '../support/chimera.js';
import { type Answer, type Client, itemsOf, textOf } from '../support/client.js';
import type { Asker } from './plan.js';

/** The agent whose tasks nobody but the scene claims, and their kind. */
export const holder = { agentId: 'holder', kind: 'fuzz.held' } as const;

/** The agent that requests are about. */
export const target = 'target';

/** What requests can be about at the moment. Names are those of the parameters of paths and members of bodies. */
export interface Things {
  readonly taskId: string;
  readonly finalTaskId: string;
  readonly leasedTaskId: string;
  readonly leaseToken: string;
  readonly reviewId: string;
  readonly decidedReviewId: string;
  readonly sessionId: string;
  readonly keyId: string;
  readonly draftId: string;
  readonly backtestId: string;
  /** Of some list or another. */
  readonly cursors: readonly string[];
}

/** A tenant at work, and another beside it. What requests have used up is made anew. */
export class Scene {
  #things: Things;

  private constructor(
    readonly own: TestTenant,
    readonly other: TestTenant,
  ) {
    const nobody = '01890000-0000-7000-8000-000000000000';
    this.#things = {
      ...{ taskId: nobody, finalTaskId: nobody, leasedTaskId: nobody, leaseToken: 'none', reviewId: nobody },
      ...{
        decidedReviewId: nobody,
        sessionId: nobody,
        keyId: nobody,
        draftId: nobody,
        backtestId: nobody,
        cursors: [],
      },
    };
  }

  static async open(url: string): Promise<Scene> {
    return new Scene(await createTenant(url), await createTenant(url));
  }

  get things(): Things {
    return this.#things;
  }

  /** The key that the asker has; none for nobody. */
  keyOf(asker: Exclude<Asker, 'able'>): string | undefined {
    const { admin, operator, submitter, agent, auditor } = this.own;
    if (asker === 'nobody') return undefined;
    if (asker === 'stranger') return this.other.operator.key;
    return { ADMIN: admin, OPERATOR: operator, SUBMITTER: submitter, AGENT: agent, AUDITOR: auditor }[asker]
      .key;
  }

  /** Makes what can be made of everything again; what a hostile request stands in the way of stays as it was. */
  async refill(): Promise<void> {
    const { path, operator, submitter, agent, admin } = this.own;
    await operator.put(`${path}/policy`, {});
    await agent.put(`${path}/agents/${target}`, { capabilities: [aKind] });
    await agent.put(`${path}/agents/${holder.agentId}`, { capabilities: [holder.kind] });
    for (const agentId of [target, holder.agentId]) await operator.post(`${path}/agents/${agentId}/resume`);
    const made: Partial<Record<Exclude<keyof Things, 'cursors'>, string>> = {};
    const keep = (name: keyof typeof made, answer: Answer, member: string): void => {
      const value: unknown = answer.body[member];
      if (typeof value === 'string') made[name] = value;
    };
    keep('sessionId', await submitter.post(`${path}/sessions`, {}), 'sessionId');
    keep('taskId', await submitter.post(`${path}/tasks`, aTask({ kind: 'fuzz.waiting' })), 'taskId');
    keep('keyId', await admin.post(`${path}/api-keys`, { name: 'spare', role: 'AUDITOR' }), 'keyId');
    await this.#renewDraft(keep);
    const held = await this.#handIn(aDoubtfulResult());
    keep('reviewId', held, 'reviewId');
    const decided = await this.#handIn(aDoubtfulResult({ output: { mail: 'a@parcels.example' } }));
    keep('decidedReviewId', decided, 'reviewId');
    if (made.decidedReviewId !== undefined)
      await operator.post(`${path}/reviews/${made.decidedReviewId}/decision`, { status: 'REJECTED' });
    keep('finalTaskId', await this.#handIn(aResult()), 'taskId');
    const lease = await this.#claim();
    if (lease) [made.leasedTaskId, made.leaseToken] = [lease.taskId, lease.leaseToken];
    const cursors = await this.#cursors();
    this.#things = { ...this.#things, ...made, ...(cursors.length > 0 && { cursors }) };
  }

  async #renewDraft(
    keep: (name: 'draftId' | 'backtestId', answer: Answer, member: string) => void,
  ): Promise<void> {
    const { path, operator } = this.own;
    // Only so many may be under way.
    await operator.delete(`${path}/policy/drafts/${this.#things.draftId}`);
    keep('draftId', await operator.post(`${path}/policy/drafts`, { policy: {} }), 'draftId');
    keep('backtestId', await operator.post(`${path}/policy/backtest`, { policy: {} }), 'backtestId');
  }

  async #claim(): Promise<{ readonly taskId: string; readonly leaseToken: string } | undefined> {
    const { path, submitter, agent } = this.own;
    await submitter.post(`${path}/tasks`, aTask({ kind: holder.kind, priority: 100 }));
    const [assignment] = itemsOf(
      await agent.post(`${path}/agents/${holder.agentId}/claims`, { waitMs: 1000 }),
    );
    return (
      assignment && { taskId: textOf(assignment.task?.taskId), leaseToken: textOf(assignment.leaseToken) }
    );
  }

  async #handIn(result: JsonObject): Promise<Answer> {
    const { path, agent } = this.own;
    const { taskId, leaseToken } = (await this.#claim()) ?? { taskId: 'none', leaseToken: 'none' };
    return agent.post(`${path}/tasks/${taskId}/results`, { agentId: holder.agentId, leaseToken, ...result });
  }

  async #cursors(): Promise<readonly string[]> {
    const cursorOf = async (client: Client, path: string): Promise<string[]> => {
      const { nextCursor } = (await client.get(`${path}?limit=1`)).body;
      return typeof nextCursor === 'string' ? [nextCursor] : [];
    };
    const { own, other } = this;
    const lists = ['tasks', 'audit', 'reviews', 'agents', 'policy/versions', 'api-keys', 'policy/drafts'];
    const found = [await cursorOf(other.admin, `${other.path}/audit`)];
    for (const list of lists) found.push(await cursorOf(own.admin, `${own.path}/${list}`));
    return found.flat();
  }
}
