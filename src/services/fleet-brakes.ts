import { Injectable, Logger } from '@nestjs/common';
import { systemActor } from '../models/audit.js';
import {
  engageBrake,
  type FleetBrake,
  isMassLoss,
  releaseBrake,
  type Silence,
} from '../models/fleet-brake.js';
import { LedgerPort } from '../ports/ledger.js';
import { RecordsPort } from '../ports/records.js';
import { WatchPort } from '../ports/watch.js';
import { Settings } from './settings.js';

/** A brake that is engaged, as it is shown. */
export interface BrakeView {
  readonly engagedAt: Date;
  readonly releasesAt: Date;
  /** How many agents were silent, and of how many, when it was engaged. */
  readonly silent: number;
  readonly expected: number;
}

/** Why leases are taken away again. */
export type ReleaseCause = 'ALL_BACK' | 'GRACE_OVER';

/** The brakes on mass losses: on the record, where every process and the next start find them. */
@Injectable()
export class FleetBrakes {
  private readonly logger = new Logger(FleetBrakes.name);

  constructor(
    private readonly ledger: LedgerPort,
    private readonly records: RecordsPort,
    private readonly watch: WatchPort,
    private readonly settings: Settings,
  ) {}

  /** The tenant's brake; `null` while it is not engaged. */
  async of(tenantId: string): Promise<BrakeView | null> {
    const brake = await this.records.find('fleetBrake', tenantId, tenantId);
    if (!brake?.engagedAt || !brake.releasesAt) return null;
    const { engagedAt, releasesAt, silent, expected } = brake;
    return { engagedAt, releasesAt, silent, expected };
  }

  /** Those that are engaged, and whether their grace is over. */
  all(): Promise<readonly (FleetBrake & { readonly over: boolean })[]> {
    return this.watch.engagedBrakes();
  }

  /** Engages the tenant's brake if so many are silent that it takes it. Returns whether it is so. */
  async engageOn(silence: Silence): Promise<boolean> {
    const { tenantId, silent, expected } = silence;
    const graceMs = this.settings.massLossGraceMs;
    if (!isMassLoss(silence, this.settings.massLossPercent)) return false;
    await this.ledger.transact({
      tenantId,
      needs: { fleetBrakes: [tenantId] },
      decide: (view) => {
        const before = view.get('fleetBrake', tenantId);
        if (before?.engagedAt) return;
        const brake = engageBrake(before, silence, graceMs, view.now);
        view.put('fleetBrake', brake);
        view.record({
          type: 'fleet.brake_engaged',
          actor: systemActor,
          payload: { silent, expected, releasesAt: brake.releasesAt?.toISOString() ?? null },
        });
      },
    });
    this.logger.warn(
      { tenantId, silent, expected, graceMs },
      'Too many agents fell silent at once to be lost by themselves: no leases are taken away for now.',
    );
    return true;
  }

  async release({ tenantId }: FleetBrake, cause: ReleaseCause): Promise<void> {
    await this.ledger.transact({
      tenantId,
      needs: { fleetBrakes: [tenantId] },
      decide: (view) => {
        const brake = view.get('fleetBrake', tenantId);
        if (!brake?.engagedAt) return;
        view.put('fleetBrake', releaseBrake(brake));
        view.record({ type: 'fleet.brake_released', actor: systemActor, payload: { cause } });
      },
    });
    this.logger.log({ tenantId, cause }, 'Leases of silent agents are taken away again.');
  }
}
