import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { type KeyRef, KeyUsesPort } from '../ports/key-uses.js';

/** A key that was noted is not noted again for this long, in milliseconds. */
const freshMs = 60_000;

/** Uses are kept for this long, to be written down together, in milliseconds. */
const gatherMs = 2_000;

/** Keys that are remembered at once. One that finds no room is noted with its next use. */
const mostKeys = 10_000;

/** Sees which keys are used, and has it written down: together, later, and at most once a minute for each key. */
@Injectable()
export class KeyUsage implements OnModuleDestroy {
  private readonly logger = new Logger(KeyUsage.name);
  private readonly fresh = new Set<string>();
  private freshUntil = 0;
  private waiting: KeyRef[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly uses: KeyUsesPort) {}

  /** Returns at once. */
  note({ tenantId, keyId }: KeyRef): void {
    const now = performance.now();
    if (now >= this.freshUntil) {
      this.fresh.clear();
      this.freshUntil = now + freshMs;
    }
    if (this.fresh.has(keyId) || this.fresh.size >= mostKeys) return;
    this.fresh.add(keyId);
    this.waiting.push({ tenantId, keyId });
    this.timer ??= setTimeout(() => void this.write(), gatherMs).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.timer);
    await this.write();
  }

  /** What cannot be written is noted with the key's next use. */
  private async write(): Promise<void> {
    const keys = this.waiting;
    this.waiting = [];
    this.timer = undefined;
    if (keys.length === 0) return;
    try {
      await this.uses.note(keys);
    } catch (error) {
      this.logger.warn({ err: error }, 'It could not be written down which keys were used.');
      for (const { keyId } of keys) this.fresh.delete(keyId);
    }
  }
}
