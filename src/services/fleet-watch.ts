import { Injectable } from '@nestjs/common';
import { systemActor } from '../models/audit.js';
import { LedgerPort } from '../ports/ledger.js';
import { RegistryPort } from '../ports/registry.js';
import { LeaseRecovery } from './lease-recovery.js';

/** How many agents one round looks at. */
const stride = 500;

/** Notices agents that have fallen silent, and takes back what those that are offline had in hand. */
@Injectable()
export class FleetWatch {
  constructor(
    private readonly registry: RegistryPort,
    private readonly ledger: LedgerPort,
    private readonly leaseRecovery: LeaseRecovery,
  ) {}

  async sweep(): Promise<void> {
    const departures = await this.registry.departures(stride);
    await Promise.all(
      departures.map(async ({ tenantId, agentId, state }) => {
        await this.ledger.transact({
          tenantId,
          needs: {},
          decide: (view) => {
            view.record({
              type: state === 'OFFLINE' ? 'agent.offline' : 'agent.suspect',
              actor: systemActor,
              agentId,
            });
          },
        });
        if (state === 'OFFLINE') await this.leaseRecovery.takeBack(tenantId, agentId, 'AGENT_OFFLINE');
      }),
    );
  }
}
