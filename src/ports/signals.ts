/**
 * Something that somebody may be waiting for:
 * - `ready`: tickets wait in the queue of this tenant and kind;
 * - `feed`: the tenant's audit record has grown;
 * - `final`: the task has become final.
 */
export type Signal =
  | { readonly topic: 'ready'; readonly tenantId: string; readonly kind: string; readonly count: number }
  | { readonly topic: 'feed'; readonly tenantId: string }
  | { readonly topic: 'final'; readonly taskId: string };

/**
 * Tells every process, this one included, that something may have changed. At most once: a signal may be lost, never
 * invented, so whoever waits also looks again from time to time. Carries ids only.
 */
export abstract class SignalPort {
  /** Returns at once; signals that are sent together travel together. */
  abstract publish(signals: readonly Signal[]): void;

  /** `resync` is called when signals may have been missed. Returns the way to unsubscribe. */
  abstract subscribe(listener: { onSignal(signal: Signal): void; onResync(): void }): () => void;
}
