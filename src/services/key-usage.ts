import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type KeyRef, KeyUsesPort } from '../ports/key-uses.js';

/** A key that was noted is not noted again for this long, in milliseconds. */
const freshMs = 60_000;

/** Uses are kept for this long, to be written down together, in milliseconds. */
const gatherMs = 2_000;

/** Keys that are remembered at once. One that finds no room is noted with its next use. */
const mostKeys = 10_000;

/** Sees which keys are used, and has it written down: together, later, and at most once a minute for each key. */
@Injectable()
export class KeyUsage implements OnApplicationShutdown {
  private readonly logger = new Logger(KeyUsage.name);
  private readonly fresh = new Set<string>();
  private freshUntil = 0;
  private waiting: KeyRef[] = [];
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly uses: KeyUsesPort) {}

  /** Returns at once. */
  note({ tenantId, keyId }: KeyRef): void {
    const now = performance.now();
    if (now >= this.freshUntil) {
      this.fresh.clear();
      this.freshUntil = now + freshMs;
    }
    if (this.fresh.has(keyId) || this.fresh.size >= mostKeys || this.waiting.length >= mostKeys) return;
    this.fresh.add(keyId);
    this.waiting.push({ tenantId, keyId });
    this.writeSoon();
  }

  /** By now the last request is answered. */
  async onApplicationShutdown(): Promise<void> {
    await this.writing;
    clearTimeout(this.timer);
    await this.write();
  }

  private writeSoon(): void {
    this.timer ??= setTimeout(() => {
      this.writing = this.write();
    }, gatherMs).unref();
  }

  /** What cannot be written is noted with the key's next use; what is noted meanwhile is written next. Never rejects. */
  private async write(): Promise<void> {
    const keys = this.waiting;
    this.waiting = [];
    try {
      if (keys.length > 0) await this.uses.note(keys);
    } catch (error) {
      this.logger.warn({ err: error }, 'It could not be written down which keys were used.');
      for (const { keyId } of keys) this.fresh.delete(keyId);
    }
    this.timer = undefined;
    if (this.waiting.length > 0) this.writeSoon();
  }
}
