import { Injectable, Logger } from '@nestjs/common';
import { RecordsPort } from '../ports/records.js';
import { RegistryPort } from '../ports/registry.js';
import { SharedLook } from './shared-look.js';

export interface ReadinessReport {
  readonly ready: boolean;
  readonly parts: Readonly<Record<'database' | 'registry', 'up' | 'down'>>;
}

/** A part that does not answer within this is down, in milliseconds. */
const patienceMs = 2_000;
/** Whoever asks within this, in milliseconds, is told the same: nobody has to have a key to ask. */
const keepMs = 250;

/** Says whether the service can do its whole job. */
@Injectable()
export class Readiness {
  private readonly logger = new Logger(Readiness.name);
  private goingDown = false;
  private readonly parts = new SharedLook(() => this.look(), keepMs);

  constructor(
    private readonly records: RecordsPort,
    private readonly registry: RegistryPort,
  ) {}

  /** From now on the service is not ready: it finishes what it has in hand. */
  drain(): void {
    this.goingDown = true;
  }

  get draining(): boolean {
    return this.goingDown;
  }

  async report(): Promise<ReadinessReport> {
    const parts = await this.parts.get();
    return { ready: !this.goingDown && parts.database === 'up' && parts.registry === 'up', parts };
  }

  private async look(): Promise<ReadinessReport['parts']> {
    const [database, registry] = await Promise.all([
      this.check('database', this.records.ping()),
      this.check('registry', this.registry.ping()),
    ]);
    return { database, registry };
  }

  private async check(part: string, ping: Promise<void>): Promise<'up' | 'down'> {
    const { promise: late, resolve } = Promise.withResolvers<'down'>();
    const timer = setTimeout(() => {
      resolve('down');
    }, patienceMs);
    try {
      return await Promise.race([ping.then(() => 'up' as const), late]);
    } catch (error) {
      this.logger.warn({ err: error, part }, 'A part does not answer.');
      return 'down';
    } finally {
      clearTimeout(timer);
    }
  }
}
