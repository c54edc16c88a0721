import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { SignalHub } from '../signal-hub.js';

/** Signals by Redis publish and subscribe. */
@Injectable()
export class RedisSignals extends SignalHub implements OnApplicationShutdown {
  private readonly logger = new Logger(RedisSignals.name);
  private readonly subscriber: Redis;
  /** Publishing knows no logical databases, so the channel names the one that this installation is on. */
  private readonly channel: string;

  constructor(private readonly redis: Redis) {
    super();
    this.channel = `chimera:signals:${redis.options.db ?? 0}`;
    this.subscriber = redis.duplicate({
      connectionName: 'chimera-signals',
      maxRetriesPerRequest: null,
      enableOfflineQueue: true,
      lazyConnect: false,
      retryStrategy: (times) => Math.min(100 * 2 ** times, 2_000),
    });
    this.subscriber.on('error', (error: Error) => {
      this.logger.debug({ err: error }, 'The connection for signals has a fault.');
    });
  }

  async connect(): Promise<void> {
    this.subscriber.on('message', (_channel: string, message: string) => {
      this.receive(message);
    });
    await this.subscriber.subscribe(this.channel);
    // ioredis subscribes again by itself, and what was sent in between is lost: listeners look again once that is done.
    this.subscriber.on('ready', () => {
      this.subscriber.subscribe(this.channel).then(
        () => this.resync(),
        () => undefined,
      );
    });
  }

  onApplicationShutdown(): void {
    this.subscriber.disconnect();
  }

  protected async send(messages: readonly string[]): Promise<void> {
    try {
      await Promise.all(messages.map((message) => this.redis.publish(this.channel, message)));
    } catch (error) {
      this.logger.warn({ err: error }, 'Signals were not sent: waiters will look by themselves.');
    }
  }
}
