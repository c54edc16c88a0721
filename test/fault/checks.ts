import type pg from 'pg';
import type { Witness } from './witness.js';

/** What must be so after every drill; the words of the report. */
export const promises = {
  waiting: 'every task that was accepted is done, and nothing is left that nobody would ever get',
  queue: 'queue and rows agree: no ticket outlives its task',
  account: 'the account of tasks, results, cards and events balances',
  sequence: 'the record has no gap and its head is its end',
  newest: 'only the newest attempt of a task has had a result accepted',
  lease: 'a lease is in one hand, and is not taken away before its time',
  stale: 'nothing was granted under a lease that was over',
  gate: 'what the gate has to hold was not released without a person',
  released: 'each result that was released was approved by the gate or by a person',
  once: 'each card was decided once, and as its operator was told',
  executed: 'what was carried out is what was approved',
  refused: 'what could not be done was refused as such, and never answered 500',
  alive: 'no process ended but by what was done to it',
  told: 'what clients were told is what the database says',
  proof: 'an outsider finds the exported record, its checkpoints and its receipts in order',
} as const;
export type Promised = keyof typeof promises;

/** A promise that was not kept. */
export interface Broken {
  readonly promise: Promised;
  readonly words: string;
}

/** What is asked of the database alone: each row of an answer is a promise that was not kept. */
const queries: readonly { readonly promise: Promised; readonly words: string; readonly text: string }[] = [
  {
    promise: 'sequence',
    words: 'the record has a gap, or its head is elsewhere',
    text: `SELECT h.sequence AS id FROM audit_heads h,
             LATERAL (SELECT count(*) AS events, coalesce(max(sequence), 0) AS last FROM audit_events e WHERE e.tenant_id = h.tenant_id) e
            WHERE h.tenant_id = $1 AND NOT (h.sequence = e.last AND e.last = e.events)`,
  },
  {
    promise: 'sequence',
    words: 'an event does not carry the hash of the one before',
    text: `SELECT sequence AS id FROM (
             SELECT sequence, previous_hash, lag(hash) OVER (ORDER BY sequence) AS before FROM audit_events WHERE tenant_id = $1
           ) e WHERE before IS NOT NULL AND before <> previous_hash`,
  },
  {
    promise: 'newest',
    words: 'a result was accepted of an attempt that was not the newest, or not under way',
    text: `SELECT r.task_id AS id FROM results r
            JOIN audit_events e ON e.tenant_id = r.tenant_id AND e.task_id = r.task_id AND e.payload ->> 'resultId' = r.result_id::text
             AND e.type LIKE 'task.%' AND e.actor_type = 'AGENT',
            LATERAL (SELECT count(*) FILTER (WHERE p.type = 'task.running') AS claims,
                            (array_agg(p.type ORDER BY p.sequence DESC))[1] AS last
                       FROM audit_events p WHERE p.tenant_id = e.tenant_id AND p.task_id = e.task_id
                        AND p.sequence < e.sequence AND p.type LIKE 'task.%') b
            WHERE r.tenant_id = $1 AND (b.claims <> r.attempt OR b.last <> 'task.running')`,
  },
  {
    promise: 'account',
    words: 'a result has no event, or more than one',
    text: `SELECT r.result_id AS id FROM results r
             LEFT JOIN audit_events e ON e.tenant_id = r.tenant_id AND e.task_id = r.task_id AND e.type LIKE 'task.%'
              AND e.actor_type = 'AGENT' AND e.payload ->> 'resultId' = r.result_id::text
            WHERE r.tenant_id = $1 GROUP BY r.result_id HAVING count(e.sequence) <> 1`,
  },
  {
    promise: 'released',
    words: 'a task succeeded by a result that neither the gate nor a person approved',
    text: `SELECT t.task_id AS id FROM tasks t
             LEFT JOIN results r ON r.tenant_id = t.tenant_id AND r.result_id = t.result_id
            WHERE t.tenant_id = $1 AND t.status = 'SUCCEEDED' AND NOT coalesce(r.decision ->> 'outcome' = 'APPROVE', false)
              AND NOT EXISTS (SELECT FROM review_cards c WHERE c.tenant_id = t.tenant_id AND c.review_id = t.review_id AND c.status = 'APPROVED')`,
  },
  {
    promise: 'released',
    words: 'an approval released no task or two, or the use of its receipt is not on record',
    text: `SELECT p.review_id AS id FROM approval_receipts p
             LEFT JOIN receipt_uses u ON u.tenant_id = p.tenant_id AND u.review_id = p.review_id
             JOIN tasks t ON t.tenant_id = p.tenant_id AND t.task_id = p.task_id
            WHERE p.tenant_id = $1 GROUP BY p.review_id, t.status, t.review_id
           HAVING count(u.review_id) > 1 OR (t.status = 'SUCCEEDED' AND t.review_id = p.review_id AND count(u.review_id) <> 1)`,
  },
  {
    promise: 'executed',
    words: 'what was carried out has another digest than what was approved',
    text: `SELECT r.task_id AS id FROM results r
             LEFT JOIN review_cards c ON c.tenant_id = r.tenant_id AND c.review_id = r.review_id AND c.status = 'APPROVED'
            WHERE r.tenant_id = $1 AND r.stage = 'EXECUTE' AND r.task_status = 'SUCCEEDED'
              AND r.output_digest IS DISTINCT FROM c.output_digest`,
  },
  {
    promise: 'once',
    words: 'a card has no decision on record, or more than one',
    text: `SELECT c.review_id AS id FROM review_cards c
             LEFT JOIN audit_events e ON e.tenant_id = c.tenant_id AND e.review_id = c.review_id
              AND e.type IN ('review.decided', 'review.expired')
            WHERE c.tenant_id = $1 AND c.status <> 'PENDING' GROUP BY c.review_id, c.status
           HAVING count(e.sequence) <> (CASE WHEN c.status IN ('APPROVED', 'REJECTED', 'EXPIRED') THEN 1 ELSE 0 END)`,
  },
];

const examplesKept = 3;

/** Asks the database what nobody but it can say. */
export async function checkDatabase(client: pg.Client, tenantId: string): Promise<Broken[]> {
  const broken: Broken[] = [];
  for (const { promise, words, text } of queries) {
    const { rows } = await client.query<{ id: string }>(text, [tenantId]);
    if (rows.length === 0) continue;
    const examples = rows.slice(0, examplesKept).map(({ id }) => id);
    broken.push({ promise, words: `${words}: ${rows.length}, for example ${examples.join(', ')}` });
  }
  return broken;
}

/** What the clients wrote down, held against the database. */
export async function checkWitness(client: pg.Client, tenantId: string, witness: Witness): Promise<Broken[]> {
  const attempts = await attemptsOf(client, tenantId);
  return [
    ...checkAttempts(witness, attempts),
    ...(await checkResults(client, tenantId, witness)),
    ...(await checkDecisions(client, tenantId, witness)),
  ];
}

/** An attempt as the record has it: when it began, when it ended and how. Milliseconds since 1970. */
interface Attempt {
  readonly begunAt: number;
  endedAt: number | undefined;
  endedBy: string | undefined;
}

/** All attempts on record, by task and number. */
async function attemptsOf(client: pg.Client, tenantId: string): Promise<Map<string, Attempt>> {
  const { rows } = await client.query<{
    task_id: string;
    type: string;
    at: Date;
    cause: string | null;
    attempt: number;
  }>(
    `SELECT task_id, type, at, payload ->> 'cause' AS cause, (payload ->> 'attempt')::int AS attempt
       FROM audit_events WHERE tenant_id = $1 AND task_id IS NOT NULL AND type LIKE 'task.%' ORDER BY sequence`,
    [tenantId],
  );
  const attempts = new Map<string, Attempt>();
  for (const { task_id, type, at, cause, attempt } of rows) {
    const name = `${task_id} ${attempt}`;
    const known = attempts.get(name);
    if (type === 'task.running')
      attempts.set(name, { begunAt: at.getTime(), endedAt: undefined, endedBy: undefined });
    else if (known && known.endedAt === undefined) {
      known.endedAt = at.getTime();
      known.endedBy = cause ?? type;
    }
  }
  return attempts;
}

function checkAttempts(witness: Witness, attempts: ReadonlyMap<string, Attempt>): Broken[] {
  const broken: Broken[] = [];
  const attemptOf = (leaseToken: string) => {
    const seen = witness.assignments.get(leaseToken);
    return seen && attempts.get(`${seen.taskId} ${seen.attempt}`);
  };
  for (const { taskId, attempt } of witness.assignments.values()) {
    if (!attempts.has(`${taskId} ${attempt}`))
      broken.push({
        promise: 'lease',
        words: `attempt ${attempt} of task ${taskId} was handed out and is not on record`,
      });
  }
  for (const { leaseToken, expiresAt, heardAt } of witness.leaseEnds) {
    const attempt = attemptOf(leaseToken);
    if (attempt?.endedBy !== 'LEASE_LOST' || attempt.endedAt === undefined) continue;
    if (attempt.endedAt > heardAt && attempt.endedAt < expiresAt) {
      const early = expiresAt - attempt.endedAt;
      broken.push({
        promise: 'lease',
        words: `a lease was taken away ${early} ms before the end that was told: ${leaseToken}`,
      });
    }
  }
  for (const { leaseToken, taskId, sentAt } of witness.extensions) {
    const attempt = attemptOf(leaseToken);
    if (attempt?.endedAt !== undefined && attempt.endedAt < sentAt)
      broken.push({ promise: 'stale', words: `a lease of task ${taskId} was extended after it was over` });
  }
  return broken;
}

async function checkResults(client: pg.Client, tenantId: string, witness: Witness): Promise<Broken[]> {
  interface Row {
    readonly result_id: string;
    readonly task_id: string;
    readonly attempt: number;
    readonly lease_token: string;
    readonly task_status: string;
    readonly output_digest: string | null;
    readonly stage: string;
  }
  const { rows } = await client.query<Row>(
    'SELECT result_id, task_id, attempt, lease_token, task_status, output_digest, stage FROM results WHERE tenant_id = $1',
    [tenantId],
  );
  const byId = new Map(rows.map((row) => [row.result_id, row]));
  const broken: Broken[] = [];
  for (const seen of witness.results) {
    const row = byId.get(seen.resultId);
    const assignment = witness.assignments.get(seen.leaseToken);
    if (
      row?.lease_token !== seen.leaseToken ||
      row.task_status !== seen.taskStatus ||
      row.task_id !== seen.taskId
    )
      broken.push({
        promise: 'told',
        words: `result ${seen.resultId} was confirmed and is not there, or is another`,
      });
    else if (assignment && assignment.attempt !== row.attempt)
      broken.push({
        promise: 'newest',
        words: `result ${seen.resultId} was taken for another attempt than its own`,
      });
    if (row?.stage === 'PROPOSE' && seen.taskStatus === 'SUCCEEDED' && !seen.harmless)
      broken.push({
        promise: 'gate',
        words: `result ${seen.resultId} of task ${seen.taskId} had to be held`,
      });
    if (row?.stage !== 'EXECUTE' || seen.taskStatus !== 'SUCCEEDED') continue;
    if (seen.outputDigest !== assignment?.approval?.outputDigest)
      broken.push({
        promise: 'executed',
        words: `task ${seen.taskId} was carried out as ${seen.outputDigest ?? 'nothing'}`,
      });
  }
  return [...broken, ...(await checkReleases(client, tenantId, witness))];
}

/** What submitters read is what a person or the gate let go. */
async function checkReleases(client: pg.Client, tenantId: string, witness: Witness): Promise<Broken[]> {
  const { rows } = await client.query<{ task_id: string; status: string; released: string | null }>(
    `SELECT t.task_id, t.status, CASE WHEN r.stage = 'PROPOSE' AND r.decision ->> 'outcome' = 'HITL'
              THEN c.output_digest ELSE r.output_digest END AS released
       FROM tasks t LEFT JOIN results r ON r.tenant_id = t.tenant_id AND r.result_id = t.result_id
       LEFT JOIN review_cards c ON c.tenant_id = t.tenant_id AND c.review_id = t.review_id AND c.status = 'APPROVED'
      WHERE t.tenant_id = $1`,
    [tenantId],
  );
  const byTask = new Map(rows.map((row) => [row.task_id, row]));
  return witness.releases.flatMap(({ taskId, status, outputDigest }): Broken[] => {
    const row = byTask.get(taskId);
    if (row?.status !== status)
      return [
        {
          promise: 'told',
          words: `task ${taskId} was read as ${status} and is ${row?.status ?? 'not there'}`,
        },
      ];
    if (status !== 'SUCCEEDED' || outputDigest === row.released) return [];
    return [
      { promise: 'released', words: `the result of task ${taskId} was read as another than was released` },
    ];
  });
}

async function checkDecisions(client: pg.Client, tenantId: string, witness: Witness): Promise<Broken[]> {
  const { rows } = await client.query<{ review_id: string; status: string; operator_id: string | null }>(
    'SELECT review_id, status, operator_id FROM review_cards WHERE tenant_id = $1',
    [tenantId],
  );
  const cards = new Map(rows.map((row) => [row.review_id, row]));
  return witness.decisions.flatMap(({ reviewId, operator, status }): Broken[] => {
    const card = cards.get(reviewId);
    if (card?.status === status && card.operator_id === operator) return [];
    const is = `${card?.status ?? 'nothing'} by ${card?.operator_id ?? 'nobody'}`;
    return [
      { promise: 'once', words: `card ${reviewId} was confirmed as ${status} to ${operator} and is ${is}` },
    ];
  });
}
