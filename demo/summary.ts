import { isFinal, taskStatuses } from './contract.ts';
import type { TaskStatus } from './contract.ts';
import type { Snapshot } from './scoreboard.ts';
import { latency, reasonCounts } from './table.ts';

/** What was submitted, held against what the server has. */
export interface Balance {
  readonly submitted: number;
  readonly byStatus: ReadonlyMap<TaskStatus, number>;
  /** How many have not reached a final status; every one of them is shown by the server. */
  readonly waiting: number;
  /** One sentence for everything that does not add up; empty when all is well. */
  readonly problems: readonly string[];
}

/**
 * Holds the submissions that were accepted (task by message) against the tasks of the session. A submission without its
 * task is lost; a task without a submission, or two messages with one task, is work done twice or never asked for.
 */
export function balanceOf(
  accepted: ReadonlyMap<string, string>,
  listed: readonly { readonly taskId: string; readonly status: TaskStatus }[],
): Balance {
  const statuses = new Map(listed.map((task) => [task.taskId, task.status]));
  const expected = new Set(accepted.values());
  const missing = [...accepted].filter(([, taskId]) => !statuses.has(taskId));
  const strangers = listed.filter((task) => !expected.has(task.taskId));
  const byStatus = new Map<TaskStatus, number>();
  for (const taskId of expected) {
    const status = statuses.get(taskId);
    if (status) byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  }
  return {
    submitted: accepted.size,
    byStatus,
    waiting: [...byStatus].reduce((sum, [status, count]) => (isFinal(status) ? sum : sum + count), 0),
    problems: [
      ...complaint(
        missing.length,
        'accepted and lost',
        missing.map(([id, taskId]) => `${id} → ${taskId}`),
      ),
      ...complaint(
        strangers.length,
        'there without having been submitted by this run',
        strangers.map((task) => task.taskId),
      ),
      ...complaint(accepted.size - expected.size, 'answered with a task that belongs to another message', []),
      ...complaint(listed.length - statuses.size, 'listed more than once', []),
    ],
  };
}

/** The last words of a run. */
export function renderSummary(balance: Balance, snapshot: Snapshot): readonly string[] {
  const seconds = snapshot.elapsedMs / 1_000;
  const parts = taskStatuses.flatMap((status) => {
    const count = balance.byStatus.get(status);
    return count === undefined ? [] : [`${count} ${status}`];
  });
  const { counters } = snapshot;
  return [
    `Submitted ${balance.submitted} = ${parts.join(' + ') || '0'}${balance.problems.length === 0 ? '   (it balances)' : ''}`,
    `Time ${seconds.toFixed(1)} s, ${(snapshot.finished / seconds).toFixed(1)} finished a second`,
    `Latency             p50       p95       p99       max`,
    `  to assigned${latency(snapshot.toAssigned)}`,
    `  to final   ${latency(snapshot.toFinal)}`,
    `Held ${snapshot.heldInAll} results for a person${snapshot.held.length ? `: ${reasonCounts(snapshot.held, 8)}` : ''}`,
    `Operator: ${counters.approved} approved, ${counters.edited} edited, ${counters.rejected} rejected; ${counters.carriedOut} carried out as approved`,
    `Trouble: ${counters.crashes} crashes, ${counters.failuresReported} failures, ${counters.sentBack} sent back, ${counters.released} released, ${counters.leasesLost} leases lost, ${counters.reconnects} calls repeated, ${counters.repeatedSubmissions} submissions sent twice`,
  ];
}

/** How to decide the cards that wait. `operatorKey` is a credential of the demo's own tenant. */
export function renderReviewHint(
  url: string,
  tenantId: string,
  operatorKey: string,
  waiting: number,
): readonly string[] {
  const reviews = `${url}/v1/tenants/${tenantId}/reviews`;
  return [
    `${waiting} ${waiting === 1 ? 'card waits' : 'cards wait'} for a person. Decide them in Swagger UI, ${url}/docs: authorise with this operator key,`,
    `  ${operatorKey}`,
    `tenant ${tenantId}, or with curl:`,
    `  curl -H 'authorization: Bearer ${operatorKey}' '${reviews}?status=PENDING&limit=5'`,
    `  curl -H 'authorization: Bearer ${operatorKey}' -H 'content-type: application/json' \\`,
    `       -d '{"status":"APPROVED","comment":"Looks right."}' '${reviews}/REVIEW_ID/decision'`,
    `(or let the demo play the operator: npm run demo -- --auto-review)`,
  ];
}

function complaint(count: number, what: string, examples: readonly string[]): readonly string[] {
  if (count <= 0) return [];
  const shown =
    examples.length === 0 ? '' : `: ${examples.slice(0, 5).join(', ')}${examples.length > 5 ? ', …' : ''}`;
  return [`${count} ${count === 1 ? 'task was' : 'tasks were'} ${what}${shown}.`];
}
