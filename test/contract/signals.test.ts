import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import pg from 'pg';
import { PostgresSignals } from '../../src/lib/postgres/postgres-signals.js';
import { connectRedis } from '../../src/lib/redis/connection.js';
import { RedisSignals } from '../../src/lib/redis/redis-signals.js';
import { createDatabase, createRedis } from '../support/servers.js';
import { openLink } from './link.js';
import { signalsContract, type SignalStore } from './signals.contract.js';

// Connections are broken here on purpose, which adapters complain of.
Logger.overrideLogger(false);

async function postgresStore(): Promise<SignalStore> {
  const database = await createDatabase();
  const client = new pg.Client(database.url);
  await client.connect();
  return {
    async open() {
      const signals = new PostgresSignals(database.url);
      await signals.connect();
      return { signals, close: () => signals.onApplicationShutdown() };
    },
    async breakConnections() {
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'chimera signals'`,
      );
    },
    async send(message) {
      await client.query(`SELECT pg_notify('chimera_signals', $1)`, [message]);
    },
    async listen(onMessage) {
      const listener = new pg.Client(database.url);
      await listener.connect();
      listener.on('notification', ({ payload = '' }) => onMessage(payload));
      await listener.query('LISTEN chimera_signals');
      return () => listener.end();
    },
    async drop() {
      await client.end();
      await database.drop();
    },
  };
}

async function redisStore(): Promise<SignalStore> {
  const redis = await createRedis();
  const client = new Redis(redis.url);
  const channel = `chimera:signals:${client.options.db ?? 0}`;
  return {
    async open() {
      const connection = await connectRedis(redis.url);
      const signals = new RedisSignals(connection);
      await signals.connect();
      return {
        signals,
        close() {
          signals.onApplicationShutdown();
          connection.disconnect();
          return Promise.resolve();
        },
      };
    },
    async breakConnections() {
      await client.client('KILL', 'TYPE', 'pubsub');
    },
    async send(message) {
      await client.publish(channel, message);
    },
    async listen(onMessage) {
      const listener = new Redis(redis.url);
      listener.on('message', (_channel: string, message: string) => onMessage(message));
      await listener.subscribe(channel);
      return async () => {
        await listener.quit();
      };
    },
    async drop() {
      await client.quit();
      await redis.drop();
    },
  };
}

signalsContract('PostgresSignals', postgresStore);
signalsContract('RedisSignals', redisStore);

describe('RedisSignals', () => {
  it('begin however long Redis takes to answer the first subscription', async () => {
    const redis = await createRedis();
    const link = await openLink(redis.url);
    const connection = await connectRedis(link.url);
    link.silence();
    const signals = new RedisSignals(connection);
    const connected = signals.connect();
    // Longer than any other command may take.
    await pause(6_000);
    await link.mend();
    await expect(connected).resolves.toBeUndefined();
    signals.onApplicationShutdown();
    connection.disconnect();
    await link.close();
    await redis.drop();
  }, 20_000);
});
