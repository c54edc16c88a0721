import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { SignalHub } from '../signal-hub.js';

const channel = 'chimera:signals';

/** Signals by Redis publish and subscribe. */
@Injectable()
export class RedisSignals extends SignalHub implements OnApplicationShutdown {
  private readonly logger = new Logger(RedisSignals.name);
  private readonly subscriber: Redis;

  constructor(private readonly redis: Redis) {
    super();
    this.subscriber = redis.duplicate({ connectionName: 'chimera-signals', maxRetriesPerRequest: null });
    this.subscriber.on('error', (error: Error) => {
      this.logger.debug({ err: error }, 'The connection for signals has a fault.');
    });
  }

  async connect(): Promise<void> {
    this.subscriber.on('message', (_channel: string, message: string) => {
      this.receive(message);
    });
    await this.subscriber.subscribe(channel);
    // ioredis subscribes again by itself; what was sent in between is lost.
    this.subscriber.on('ready', () => {
      this.resync();
    });
  }

  onApplicationShutdown(): void {
    this.subscriber.disconnect();
  }

  protected async send(messages: readonly string[]): Promise<void> {
    try {
      await Promise.all(messages.map((message) => this.redis.publish(channel, message)));
    } catch (error) {
      this.logger.warn({ err: error }, 'Signals were not sent: waiters will look by themselves.');
    }
  }
}
