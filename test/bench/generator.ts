import { chimeraApprovals, restateApprovals } from './workloads/approvals.js';
import { chainedAppends, plainAppends } from './workloads/audit-appends.js';
import { chimeraClaims } from './workloads/chimera-claims.js';
import { chimeraFlow } from './workloads/chimera-flow.js';
import { bursts, closedLoop } from './workloads/closed-loop.js';
import { each } from './workloads/each.js';
import { bullmqClaims, pgBossClaims } from './workloads/queue-libraries.js';

/** What the client's process can be asked to do, by name. */
const workloads = {
  bullmqClaims,
  bursts,
  chainedAppends,
  chimeraApprovals,
  chimeraClaims,
  chimeraFlow,
  closedLoop,
  each,
  pgBossClaims,
  plainAppends,
  restateApprovals,
};

export type Workloads = typeof workloads;

/** A request to the client's process, and its answer. */
export interface Order {
  readonly id: number;
  readonly workload: keyof Workloads;
  readonly parameters: unknown;
}

export type Delivery =
  | { readonly id: number; readonly result: unknown; readonly cpu: number }
  | { readonly id: number; readonly fault: string };

async function perform({ id, workload, parameters }: Order): Promise<Delivery> {
  const work = workloads[workload] as (parameters: unknown) => Promise<unknown>;
  const [begun, usedBefore] = [performance.now(), process.cpuUsage()];
  try {
    const result = await work(parameters);
    const { user, system } = process.cpuUsage(usedBefore);
    return { id, result, cpu: (user + system) / 1_000 / (performance.now() - begun) };
  } catch (error) {
    return { id, fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.on('message', (order: Order) => {
  void perform(order).then((delivery) => process.send?.(delivery));
});
process.on('disconnect', () => process.exit(0));
