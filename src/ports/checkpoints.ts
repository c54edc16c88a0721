import type { Checkpoint } from '../models/checkpoint.js';
import type { Page, PageRequest } from '../models/page.js';

/** A record that has grown since its last checkpoint, or has none yet. */
export interface Unsealed {
  readonly tenantId: string;
  /** The end of the record. */
  readonly sequence: number;
  readonly hash: string;
  /** Digest of the last checkpoint; zeros before the first. */
  readonly previousDigest: string;
  /** The database's time. */
  readonly now: Date;
}

/** How far behind a sink is. */
export interface SinkBacklog {
  readonly sink: string;
  readonly undelivered: number;
}

/** Where checkpoints are kept, beside the record that they are of, and how far each has been carried outside. */
export abstract class CheckpointsPort {
  /** Records with `events` or more events after their last checkpoint, or one that has waited for `ms` or longer. */
  abstract unsealed(events: number, ms: number, limit: number): Promise<readonly Unsealed[]>;

  /**
   * Keeps a checkpoint for good if it follows the tenant's last one; of several that follow the same one, the first. Returns
   * whether it was kept.
   */
  abstract keep(checkpoint: Checkpoint): Promise<boolean>;

  /** Oldest first. */
  abstract list(tenantId: string, page: PageRequest): Promise<Page<Checkpoint>>;

  /** Checkpoints that the sink has not got, each tenant's in their order. */
  abstract undelivered(sink: string, limit: number): Promise<readonly Checkpoint[]>;

  /** Notes that the sink has got these, and with them all that went before. */
  abstract delivered(sink: string, checkpoints: readonly Checkpoint[]): Promise<void>;

  /** How much each of the sinks has not got. */
  abstract backlog(sinks: readonly string[]): Promise<readonly SinkBacklog[]>;
}
