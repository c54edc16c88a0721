import { setTimeout as pause } from 'node:timers/promises';
import { dueTimes } from '../schedule.js';
import { type Figures, percentilesOf } from '../statistics.js';
import {
  agentIds,
  type Assignment,
  type ChimeraTarget,
  claimOf,
  input,
  kind,
  output,
  registrations,
  requestOf,
  resultOf,
} from './chimera-target.js';
import { type Connection, type PreparedRequest, read, withConnections } from './connection.js';
import { each } from './each.js';
import { type Arrival, monotonicMs, openLoop, type Sent } from './open-loop.js';

/** What both contenders are put to. */
export interface Approvals {
  readonly count: number;
  readonly arrival: Arrival;
}

export interface ChimeraApprovals extends Approvals {
  readonly target: ChimeraTarget;
  /** How many agents wait for work, each with a long poll. */
  readonly waiting: number;
}

export interface RestateApprovals extends Approvals {
  readonly ingress: string;
  /** Where the handlers tell what they wait for and what has reached them. */
  readonly journal: string;
}

const approval = { status: 'APPROVED', comment: 'Checked with the depot.' };
/** Connections of those who decide: enough that nobody waits for one, unless all decide at one instant. */
const operators = 64;
const submittedAtOnce = 500;
/** Between the preparation and the first approval: what the preparation has left behind is over by then. */
const settleMs = 1_000;
/** How long an approval may take to arrive before it counts as lost. */
const patienceMs = 30_000;

/**
 * Has results held for review while agents wait for work; approves them, and counts the time from when an approval was due to
 * when the EXECUTE assignment is in an agent's hands. The agent then hands in its result and waits again.
 */
export async function chimeraApprovals(run: ChimeraApprovals): Promise<Figures> {
  const { target, count, waiting } = run;
  const agents = agentIds(waiting);
  await each({ origin: target.origin, connections: 32, requests: registrations(target, agents) });
  const held = await holdResults(target, agents, count);
  const arrivals = new Arrivals(count);
  return withConnections(target.origin, waiting, async (hands) => {
    const stopping = new AbortController();
    const crew = agents.map((id, index) => execute(target, id, hands[index], arrivals, stopping.signal));
    const decisions = held.map(({ reviewId }) =>
      requestOf(target, 'OPERATOR', 'POST', `/reviews/${reviewId}/decision`, approval),
    );
    const sent = await Promise.race([approve(target.origin, run, decisions), failureOf(crew)]);
    await Promise.race([arrivals.complete, pause(patienceMs, undefined, { ref: false }), failureOf(crew)]);
    stopping.abort();
    return figuresOf(
      sent,
      held.map(({ taskId }) => arrivals.times.get(taskId)),
    );
  });
}

/**
 * Has handlers wait for awakeables; resolves them over the ingress, and counts the time from when a resolution was due to
 * when the handler goes on with it.
 */
export async function restateApprovals(run: RestateApprovals): Promise<Figures> {
  const { ingress, journal, count } = run;
  await fetch(`${journal}/reset`, { method: 'POST' });
  const keys = Array.from({ length: count }, (_, index) => String(index));
  const requests = keys.map((key) => jsonPost('/Approval/execute/send', { key, input }));
  await each({ origin: ingress, connections: 32, requests });
  const awakeables = await allOf(`${journal}/waiting`, count);
  const resolutions = keys.map((key) =>
    jsonPost(`/restate/awakeables/${String(awakeables.get(key))}/resolve`, { ...approval, output }),
  );
  const sent = await approve(ingress, run, resolutions);
  const arrived = await allOf(`${journal}/arrived`, count);
  return figuresOf(
    sent,
    keys.map((key) => Number(arrived.get(key) ?? NaN)),
  );
}

async function approve(
  origin: string,
  { count, arrival }: Approvals,
  requests: readonly PreparedRequest[],
): Promise<readonly Sent[]> {
  await pause(settleMs);
  const atOnce = arrival === 'AT_ONCE';
  return withConnections(origin, atOnce ? count : operators, (connections) =>
    openLoop(connections, requests, atOnce ? requests.map(() => 0) : dueTimes(count, arrival.perSecond)),
  );
}

function figuresOf(sent: readonly Sent[], arrivedAt: readonly (number | undefined)[]): Figures {
  const times = sent.map(({ due }, index) => (arrivedAt[index] ?? NaN) - due).filter((time) => !isNaN(time));
  const refused = sent.filter(({ answered }) => !answered).length;
  return { ...percentilesOf(times), errors: refused + sent.length - times.length };
}

/** When each task came into an agent's hands. */
class Arrivals {
  readonly times = new Map<string, number>();
  readonly complete: Promise<unknown>;
  #left: number;
  readonly #allDone: (value: undefined) => void;

  constructor(count: number) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#left = count;
    this.complete = promise;
    this.#allDone = resolve;
  }

  /** Its result is handed in. */
  finish(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#allDone(undefined);
  }
}

interface Held {
  readonly taskId: string;
  readonly reviewId: string;
}

/** Has so many tasks done with so little confidence that the gate holds their results. */
async function holdResults(
  target: ChimeraTarget,
  agents: readonly string[],
  count: number,
): Promise<readonly Held[]> {
  const sizes = Array.from({ length: Math.ceil(count / submittedAtOnce) }, (_, index) =>
    Math.min(submittedAtOnce, count - index * submittedAtOnce),
  );
  const task = { kind, input, onApproval: 'EXECUTE' };
  const submissions = sizes.map((size) =>
    requestOf(target, 'SUBMITTER', 'POST', '/tasks/batch', { tasks: Array(size).fill(task) }),
  );
  await each({ origin: target.origin, connections: 2, requests: submissions });
  const held: Held[] = [];
  const workers = agents.slice(0, 32);
  await withConnections(target.origin, workers.length, (connections) =>
    Promise.all(
      connections.map(async (connection, index) => {
        const agentId = workers[index] ?? '';
        while (held.length < count) {
          const claimed = await connection.send(claimOf(target, agentId, 16, 200));
          for (const assignment of (read(claimed, 200) as { items: Assignment[] }).items) {
            const answer = await connection.send(resultOf(target, agentId, assignment, 0.5));
            held.push(read(answer, 200) as Held);
          }
        }
      }),
    ),
  );
  return held;
}

/** Waits for assignments, notes when they came, carries them out, and waits again. */
async function execute(
  target: ChimeraTarget,
  agentId: string,
  connection: Connection | undefined,
  arrivals: Arrivals,
  over: AbortSignal,
): Promise<void> {
  const claim = claimOf(target, agentId, 1, 30_000);
  while (!over.aborted) {
    const answer = await connection?.send(claim).catch((error: unknown) => {
      // Its connection is closed under an agent that still waits when all is done.
      if (over.aborted) return undefined;
      throw error;
    });
    if (!answer) return;
    const arrivedAt = monotonicMs();
    for (const assignment of (read(answer, 200) as { items: Assignment[] }).items) {
      if (assignment.stage === 'EXECUTE') arrivals.times.set(assignment.task.taskId, arrivedAt);
      const handedIn = await connection?.send(resultOf(target, agentId, assignment));
      if (handedIn) read(handedIn, 200);
      arrivals.finish();
    }
  }
}

/** Rejects when one of them does, and never resolves before. */
function failureOf(work: readonly Promise<void>[]): Promise<never> {
  return Promise.all(work).then(() => new Promise<never>(() => undefined));
}

/** Asks until there are so many entries, or they are late. */
async function allOf(url: string, count: number): Promise<ReadonlyMap<string, unknown>> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const entries = new Map((await (await fetch(url)).json()) as [string, unknown][]);
    if (entries.size >= count || performance.now() > deadline) return entries;
    await pause(100);
  }
}

function jsonPost(path: string, body: unknown): PreparedRequest {
  return {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}
