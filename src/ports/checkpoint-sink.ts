import type { Checkpoint } from '../models/checkpoint.js';

/** A place outside the database, where whoever bends the record cannot bend what was said of it. */
export abstract class CheckpointSinkPort {
  /** Names the sink where it is noted what it has got, in metrics and in the log. */
  abstract readonly name: string;

  /**
   * Resolves once the sink has all of them for good, in this order. Rejects when that is not certain; they then come
   * again, so a sink may have one twice. Rejects at once when `stopping` aborts, where the medium allows it.
   */
  abstract deliver(checkpoints: readonly Checkpoint[], stopping?: AbortSignal): Promise<void>;
}

/** Injection token of the sinks that the installation has: `readonly CheckpointSinkPort[]`. */
export const CHECKPOINT_SINKS = Symbol('CHECKPOINT_SINKS');
