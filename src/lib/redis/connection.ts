import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';

/**
 * A connection that fails fast while Redis is away (a command is given up after one reconnection) and keeps trying to
 * come back.
 */
export function connectRedis(url: string): Redis {
  const logger = new Logger('Redis');
  const redis = new Redis(url, {
    connectionName: 'chimera',
    maxRetriesPerRequest: 1,
    connectTimeout: 5_000,
    enableAutoPipelining: true,
    retryStrategy: (times) => Math.min(100 * 2 ** times, 2_000),
  });
  redis.on('error', (error: Error) => {
    logger.warn({ err: error }, 'Redis cannot be reached.');
  });
  return redis;
}

/** A connection to be copied by those that wait for jobs: they wait through an outage. */
export function connectRedisForBlocking(url: string): Redis {
  const redis = new Redis(url, {
    connectionName: 'chimera-workers',
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(100 * 2 ** times, 2_000),
  });
  redis.on('error', () => undefined);
  return redis;
}
