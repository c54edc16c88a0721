import { setTimeout as pause } from 'node:timers/promises';
import type { Connection, PreparedRequest } from './connection.js';

/** How requests arrive: so many a second, or all at one instant. */
export type Arrival = { readonly perSecond: number } | 'AT_ONCE';

/** What became of each request. */
export interface Sent {
  /** When it was due, on the machine's monotonic clock, in ms. */
  readonly due: number;
  readonly answered: boolean;
}

/** The machine's monotonic clock in ms: processes of one machine read the same. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Sends each request when it is due, whether or not those before it are answered. A request that finds its connection busy
 * waits, and its time has begun.
 * @param dueMs From now, ascending.
 */
export async function openLoop(
  connections: readonly Connection[],
  requests: readonly PreparedRequest[],
  dueMs: readonly number[],
): Promise<readonly Sent[]> {
  const begun = monotonicMs();
  const sent: Promise<Sent>[] = [];
  for (const [index, request] of requests.entries()) {
    const due = begun + (dueMs[index] ?? 0);
    const ahead = due - monotonicMs();
    if (ahead > 0) await pause(ahead);
    sent.push(answerTo(connections[index % connections.length], request, due));
  }
  return Promise.all(sent);
}

async function answerTo(
  connection: Connection | undefined,
  request: PreparedRequest,
  due: number,
): Promise<Sent> {
  try {
    const answer = await connection?.send(request);
    return { due, answered: answer !== undefined && answer.status < 300 };
  } catch {
    return { due, answered: false };
  }
}
