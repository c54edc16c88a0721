import { Injectable, Logger } from '@nestjs/common';
import type { Checkpoint } from '../models/checkpoint.js';
import type { Page, PageRequest, Position } from '../models/page.js';
import type { PublicJwk } from '../models/signing-key.js';
import { CheckpointsPort, type Unsealed } from '../ports/checkpoints.js';
import { AuditSigner } from './audit-signer.js';

/** After how much a record is sealed, whichever comes first. */
export abstract class CheckpointRhythm {
  abstract readonly checkpointEvents: number;
  /** Since the oldest event that is not sealed, in milliseconds. */
  abstract readonly checkpointMs: number;
}

/** How many records are sealed, and how many checkpoints are read, at a time. */
const stride = 500;

/** Seals each tenant's record in batches: a signed word about how long it is and how it ends. */
@Injectable()
export class Checkpoints {
  private readonly logger = new Logger(Checkpoints.name);

  constructor(
    private readonly checkpoints: CheckpointsPort,
    private readonly signer: AuditSigner,
    private readonly rhythm: CheckpointRhythm,
  ) {}

  /**
   * Seals every record that is due. Of processes that seal the same one at once, one does; one record that cannot be sealed keeps
   * no other from it.
   */
  async seal(): Promise<void> {
    const { checkpointEvents, checkpointMs } = this.rhythm;
    for (;;) {
      const due = await this.checkpoints.unsealed(checkpointEvents, checkpointMs, stride);
      let sealed = 0;
      for (const one of due) if (await this.sealOne(one)) sealed += 1;
      if (due.length < stride || sealed === 0) return;
    }
  }

  private async sealOne({ now, ...end }: Unsealed): Promise<boolean> {
    try {
      return await this.checkpoints.keep(this.signer.checkpoint({ ...end, at: now }));
    } catch (error) {
      const { tenantId, sequence } = end;
      this.logger.error({ err: error, tenantId, sequence }, 'An audit record could not be sealed.');
      return false;
    }
  }

  list(tenantId: string, page: PageRequest): Promise<Page<Checkpoint>> {
    return this.checkpoints.list(tenantId, page);
  }

  /** Every checkpoint of the tenant, oldest first. */
  async *export(tenantId: string): AsyncGenerator<Checkpoint> {
    let after: Position | null | undefined;
    while (after !== null) {
      const page: Page<Checkpoint> = await this.checkpoints.list(tenantId, { limit: stride, after });
      yield* page.items;
      after = page.next;
    }
  }

  /** What signatures can be checked with, for whoever has not got the keys by a better way. */
  publicKeys(): readonly PublicJwk[] {
    return this.signer.publicKeys;
  }
}
