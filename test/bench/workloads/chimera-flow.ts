import { type Figures, percentilesOf } from '../statistics.js';
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

export interface ChimeraFlow {
  readonly target: ChimeraTarget;
  /** How many tasks are under way at once. */
  readonly inFlight: number;
  readonly agents: number;
  /** How many tasks an agent takes at once; it has as many connections for their results, and one to claim. */
  readonly batch: number;
  readonly seconds: number;
}

const waitMs = 5_000;

/**
 * Submits a task, has an agent claim it and hand in its result, and counts it once the answer says that it SUCCEEDED: gated,
 * audited and committed. Then comes the next. Figures: `perSecond`, percentiles in ms from submission to that answer,
 * `errors`.
 */
export async function chimeraFlow(flow: ChimeraFlow): Promise<Figures> {
  const { target, inFlight, agents, batch, seconds } = flow;
  const done = new Completions();
  return withConnections(target.origin, inFlight, async (submitters) =>
    withConnections(target.origin, agents * (batch + 1), async (hands) => {
      const stopping = new AbortController();
      const crew = agentIds(agents).map((agentId, index) => {
        const own = hands.slice(index * (batch + 1), (index + 1) * (batch + 1));
        return work(target, agentId, own, done, stopping.signal);
      });
      const begun = performance.now();
      const end = begun + seconds * 1_000;
      const slots = submitters.map((connection) => fill(target, connection, done, end));
      await Promise.race([Promise.all(slots), Promise.all(crew)]);
      stopping.abort();
      const times = (await Promise.all(slots)).flat();
      const perSecond = (times.length * 1_000) / (performance.now() - begun);
      return { perSecond, ...percentilesOf(times), errors: done.errors };
    }),
  );
}

/** Who waits for which task. An agent may be done before the submission's answer is here. */
class Completions {
  errors = 0;
  readonly #waiting = new Map<string, () => void>();
  readonly #early = new Set<string>();

  complete(taskId: string): void {
    const settle = this.#waiting.get(taskId);
    if (settle) settle();
    else this.#early.add(taskId);
    this.#waiting.delete(taskId);
  }

  async of(taskId: string): Promise<void> {
    if (this.#early.delete(taskId)) return;
    await new Promise<void>((resolve) => this.#waiting.set(taskId, resolve));
  }
}

/** Keeps one task under way until the end, and answers how long each took. */
async function fill(
  target: ChimeraTarget,
  connection: Connection,
  done: Completions,
  end: number,
): Promise<number[]> {
  const submission = requestOf(target, 'SUBMITTER', 'POST', '/tasks', { kind, input });
  const times: number[] = [];
  for (let begun = performance.now(); begun < end; begun = performance.now()) {
    const { taskId } = read(await connection.send(submission), 202) as { taskId: string };
    await done.of(taskId);
    times.push(performance.now() - begun);
  }
  return times;
}

/** Claims and hands in until there is nothing left to be done. */
async function work(
  target: ChimeraTarget,
  agentId: string,
  [claims, ...results]: readonly Connection[],
  done: Completions,
  over: AbortSignal,
): Promise<void> {
  const claim = claimOf(target, agentId, results.length, waitMs);
  while (!over.aborted) {
    const answer = await claims?.send(claim).catch((error: unknown) => {
      // Its connection is closed under an agent that still waits when all is done.
      if (over.aborted) return undefined;
      throw error;
    });
    if (!answer) return;
    const { items } = read(answer, 200) as { items: Assignment[] };
    await Promise.all(
      items.map(async (assignment, index) => {
        const handedIn = await results[index]?.send(resultOf(target, agentId, assignment));
        if (!handedIn) throw new RangeError(`${agentId} was given ${items.length} tasks at once.`);
        const { taskStatus } = read(handedIn, 200) as { taskStatus: string };
        if (taskStatus !== 'SUCCEEDED') done.errors += 1;
        done.complete(assignment.task.taskId);
      }),
    );
  }
}
