import { Injectable } from '@nestjs/common';
import { CheckpointDelivery } from './checkpoint-delivery.js';
import { Checkpoints } from './checkpoints.js';
import { FleetWatch } from './fleet-watch.js';
import { LeaseRecovery } from './lease-recovery.js';
import { PolicyChores } from './policy-chores.js';
import { QueueRepair } from './queue-repair.js';
import { RegistryRepair } from './registry-repair.js';
import { ReviewDeadlines } from './review-deadlines.js';
import { Sessions } from './sessions.js';

/** Something that is looked after again and again. */
export interface Chore {
  readonly name: string;
  /** In multiples of the sweep interval. */
  readonly every: number;
  run(): Promise<unknown>;
}

/** Everything that is looked after, and how often. */
@Injectable()
export class SweepChores {
  readonly chores: readonly Chore[];

  constructor(
    leases: LeaseRecovery,
    fleet: FleetWatch,
    registry: RegistryRepair,
    deadlines: ReviewDeadlines,
    sessions: Sessions,
    queue: QueueRepair,
    policies: PolicyChores,
    checkpoints: Checkpoints,
    delivery: CheckpointDelivery,
  ) {
    this.chores = [
      {
        name: 'leases',
        every: 1,
        // While the registry is away nobody knows who is silent, and leases end at their time.
        run: () =>
          fleet
            .spare()
            .catch(() => undefined)
            .then(() => leases.expire()),
      },
      { name: 'fleet', every: 2, run: () => fleet.sweep() },
      { name: 'registry-repair', every: 2, run: () => registry.sweep() },
      { name: 'review-deadlines', every: 2, run: () => deadlines.sweep() },
      { name: 'stopped-sessions', every: 4, run: () => sessions.sweep() },
      { name: 'queue-repair', every: 6, run: () => queue.sweep() },
      { name: 'shadow-policies', every: 2, run: () => policies.judgeInShadow() },
      { name: 'audit-checkpoints', every: 4, run: () => checkpoints.seal() },
      { name: 'checkpoint-delivery', every: 4, run: () => delivery.deliver() },
      { name: 'policy-trials', every: 60, run: () => policies.tidy() },
    ];
  }
}
