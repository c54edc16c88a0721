import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';

/** Wait before the next attempt to reconnect, in milliseconds. */
function backoff(times: number): number {
  return Math.min(100 * 2 ** times, 2_000);
}

/**
 * Connects once, then keeps coming back for ever. While Redis is away a command fails at once, and one that Redis does not
 * answer fails after five seconds: a caller is told rather than kept.
 *
 * @throws Error when the first connection cannot be made
 */
export async function connectRedis(url: string): Promise<Redis> {
  let connected = false;
  const redis = new Redis(url, {
    connectionName: 'chimera',
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 5_000,
    commandTimeout: 5_000,
    enableAutoPipelining: true,
    retryStrategy: (times) => (connected ? backoff(times) : null),
  });
  // The first fault is the rejection of `connect`; it needs a listener all the same.
  const faults: Error[] = [];
  redis.on('error', (error: Error) => faults.push(error));
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    throw faults[0] ?? error;
  }
  connected = true;
  redis.removeAllListeners('error');
  logOutages(redis);
  return redis;
}

/** One line when Redis goes and one when it is back, however often it is tried in between. */
function logOutages(redis: Redis): void {
  const logger = new Logger('Redis');
  let away = false;
  redis.on('error', (error: Error) => {
    if (!away) logger.warn({ err: error }, 'Redis cannot be reached; trying again until it can.');
    away = true;
  });
  redis.on('ready', () => {
    if (away) logger.log('Redis is back.');
    away = false;
  });
}

/**
 * A connection to be copied by those that wait for jobs: they wait through an outage, and give up once the connection that they
 * are copies of has been ended.
 */
export function connectRedisForBlocking(url: string): Redis {
  let ended = false;
  const redis = new Redis(url, {
    connectionName: 'chimera-workers',
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    retryStrategy: (times) => (ended ? null : backoff(times)),
  });
  // The shared connection tells of outages.
  redis.on('error', () => undefined);
  redis.once('end', () => {
    ended = true;
  });
  return redis;
}
