import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';
import { BootError } from '../../models/boot-error.js';
import { inTime } from '../in-time.js';
import { SignalHub } from '../signal-hub.js';

/** A start on a busy machine may be kept waiting for so long, in milliseconds. */
const subscriptionPatienceMs = 30_000;

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
    this.subscriber = subscriberLike(redis);
    this.subscriber.on('error', (error: Error) => {
      this.logger.debug({ err: error }, 'The connection for signals has a fault.');
    });
  }

  /** @throws BootError when Redis stays silent */
  async connect(): Promise<void> {
    this.subscriber.on('message', (_channel: string, message: string) => {
      this.receive(message);
    });
    if (!(await inTime(subscriptionPatienceMs, this.subscriber.subscribe(this.channel)))) {
      this.subscriber.disconnect();
      throw new BootError(
        `REDIS_URL: Redis has not taken the subscription to signals within ${subscriptionPatienceMs} ms.`,
      );
    }
    // What was sent while the connection was away is lost: listeners look again once it is subscribed again.
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

/**
 * A connection of its own, which waits as long as it takes. It has no time limit for a command, for nobody waits for one that
 * comes late: on a machine that is too busy, the first subscription would end the start. Nor does ioredis subscribe by itself after
 * an outage, because it does not listen to whether that failed, which would end the process.
 */
function subscriberLike(redis: Redis): Redis {
  const options: RedisOptions = {
    ...redis.options,
    connectionName: 'chimera-signals',
    maxRetriesPerRequest: null,
    enableOfflineQueue: true,
    lazyConnect: false,
    autoResubscribe: false,
    retryStrategy: (times) => Math.min(100 * 2 ** times, 2_000),
  };
  delete options.commandTimeout;
  return new Redis(options);
}
