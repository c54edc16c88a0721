import type { Figures } from '../statistics.js';
import {
  agentIds,
  type Assignment,
  type ChimeraTarget,
  claimOf,
  input,
  kind,
  requestOf,
  resultOf,
} from './chimera-target.js';
import { type Connection, read, withConnections } from './connection.js';
import { each } from './each.js';

export interface ChimeraClaims {
  readonly target: ChimeraTarget;
  readonly tasks: number;
  readonly agents: number;
  readonly batch: number;
}

/** The most that one request may submit. */
const submittedAtOnce = 1_000;

/**
 * Fills the queue, then has agents claim and complete all of it; only that is timed. Figures: `perSecond`, and `errors` for
 * tasks that were completed otherwise than once.
 */
export async function chimeraClaims({ target, tasks, agents, batch }: ChimeraClaims): Promise<Figures> {
  await fillQueue(target, tasks);
  return withConnections(target.origin, agents * batch, async (connections) => {
    const completed = new Set<string>();
    let repeated = 0;
    const begun = performance.now();
    await Promise.all(
      agentIds(agents).map(async (agentId, index) => {
        const own = connections.slice(index * batch, (index + 1) * batch);
        while (completed.size < tasks) {
          for (const taskId of await claimAndComplete(target, agentId, own)) {
            if (completed.has(taskId)) repeated += 1;
            completed.add(taskId);
          }
        }
      }),
    );
    return { perSecond: (tasks * 1_000) / (performance.now() - begun), errors: repeated };
  });
}

async function fillQueue(target: ChimeraTarget, tasks: number): Promise<void> {
  const sizes = Array.from({ length: Math.ceil(tasks / submittedAtOnce) }, (_, index) =>
    Math.min(submittedAtOnce, tasks - index * submittedAtOnce),
  );
  const requests = sizes.map((size) =>
    requestOf(target, 'SUBMITTER', 'POST', '/tasks/batch', { tasks: Array(size).fill({ kind, input }) }),
  );
  await each({ origin: target.origin, connections: 2, requests });
}

async function claimAndComplete(
  target: ChimeraTarget,
  agentId: string,
  connections: readonly Connection[],
): Promise<readonly string[]> {
  const answer = await connections[0]?.send(claimOf(target, agentId, connections.length, 0));
  const items = answer ? (read(answer, 200) as { items: Assignment[] }).items : [];
  return Promise.all(
    items.map(async (assignment, index) => {
      const handedIn = await connections[index]?.send(resultOf(target, agentId, assignment));
      if (handedIn) read(handedIn, 200);
      return assignment.task.taskId;
    }),
  );
}
