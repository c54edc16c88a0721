import { Injectable } from '@nestjs/common';
import { systemActor } from '../models/audit.js';
import type { FleetBrake } from '../models/fleet-brake.js';
import { LedgerPort } from '../ports/ledger.js';
import { RecordsPort } from '../ports/records.js';
import { type Departure, RegistryPort } from '../ports/registry.js';
import { agentActor } from './actor.js';
import { FleetBrakes } from './fleet-brakes.js';
import { LeaseRecovery } from './lease-recovery.js';

/** A tenant's fleet of which something is to be said. */
interface Fleet {
  readonly tenantId: string;
  /** As it was engaged before. */
  readonly brake: FleetBrake | undefined;
  /** Some of its agents are silent. */
  readonly silent: boolean;
  /** The silent ones keep their leases. */
  readonly sparing: boolean;
}

/** How many agents one round looks at, and from how many at a time it takes tasks back. */
const stride = 500;
const atOnce = 20;

/**
 * Notices agents that have fallen silent, and takes back what those that are offline had in hand. When too many fall silent
 * at once, it suspects Chimera or the network first, and spares them until a grace is over.
 *
 * It may die at any point: what was not settled is found again, and a task that has gone back has no lease to end.
 */
@Injectable()
export class FleetWatch {
  constructor(
    private readonly registry: RegistryPort,
    private readonly ledger: LedgerPort,
    private readonly records: RecordsPort,
    private readonly leaseRecovery: LeaseRecovery,
    private readonly brakes: FleetBrakes,
  ) {}

  /**
   * Engages the brakes that are due, and renews the leases that they spare. Whoever ends leases that ran out does this
   * first: after an outage of our own all of them have.
   */
  async spare(): Promise<readonly Fleet[]> {
    const engaged = new Map((await this.brakes.all()).map((brake) => [brake.tenantId, brake]));
    // Before the registry is asked, which may be what is away.
    await Promise.all(
      [...engaged.values()]
        .filter(({ over }) => !over)
        .map(({ tenantId }) => this.records.keepLeases(tenantId)),
    );
    const silent = new Map((await this.registry.silence()).map((silence) => [silence.tenantId, silence]));
    const tenantIds = [...new Set([...engaged.keys(), ...silent.keys()])];
    return Promise.all(
      tenantIds.map(async (tenantId) => {
        const [silence, brake] = [silent.get(tenantId), engaged.get(tenantId)];
        if (brake) return { tenantId, brake, silent: silence !== undefined, sparing: !brake.over };
        const sparing = silence !== undefined && (await this.brakes.engageOn(silence));
        if (sparing) await this.records.keepLeases(tenantId);
        return { tenantId, brake: undefined, silent: true, sparing };
      }),
    );
  }

  /** @throws AggregateError of what failed for some tenants, after it has looked at all. */
  async sweep(): Promise<void> {
    const fleets = await this.spare();
    const looks = await Promise.allSettled(fleets.map((fleet) => this.look(fleet)));
    const failures = looks.flatMap((look): unknown[] => (look.status === 'rejected' ? [look.reason] : []));
    if (failures.length > 0) throw new AggregateError(failures, 'Some fleets could not be looked at.');
  }

  private async look({ tenantId, brake, silent, sparing }: Fleet): Promise<void> {
    if (silent) await this.tell(tenantId, sparing);
    if (brake && !silent) await this.brakes.release(brake, 'ALL_BACK');
    else if (brake && !sparing) await this.brakes.release(brake, 'GRACE_OVER');
  }

  /** Records every departure of the tenant's agents and, unless they are spared, ends what the lost ones had in hand. */
  private async tell(tenantId: string, sparing: boolean): Promise<void> {
    for (;;) {
      const gone = await this.registry.departures(tenantId, sparing, stride);
      if (gone.length === 0) return;
      await this.record(tenantId, gone);
      await this.takeBack(tenantId, gone);
      await this.recordBack(tenantId, await this.registry.settle(tenantId, gone));
      if (gone.length < stride) return;
    }
  }

  private record(tenantId: string, gone: readonly Departure[]): Promise<void> {
    return this.ledger.transact({
      tenantId,
      needs: {},
      decide: (view) => {
        for (const { agentId, state } of gone) {
          const type = state === 'OFFLINE' ? 'agent.offline' : 'agent.suspect';
          view.record({ type, actor: systemActor, agentId });
        }
      },
    });
  }

  private async takeBack(tenantId: string, gone: readonly Departure[]): Promise<void> {
    const lost = gone.flatMap(({ agentId, state }) => (state === 'OFFLINE' ? [agentId] : []));
    if (lost.length === 0) return;
    const holders = [...(await this.records.heldTasks(tenantId, lost)).keys()];
    for (let from = 0; from < holders.length; from += atOnce) {
      await Promise.all(
        holders
          .slice(from, from + atOnce)
          .map((agentId) => this.leaseRecovery.takeBack(tenantId, agentId, 'AGENT_OFFLINE')),
      );
    }
  }

  /** Whoever gave a sign of life before it was settled to be gone was not told apart from those that never were. */
  private async recordBack(tenantId: string, back: readonly string[]): Promise<void> {
    if (back.length === 0) return;
    await this.ledger.transact({
      tenantId,
      needs: {},
      decide: (view) => {
        for (const agentId of back) view.record({ type: 'agent.back', actor: agentActor(agentId), agentId });
      },
    });
  }
}
