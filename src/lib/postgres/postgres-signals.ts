import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { SignalHub } from '../signal-hub.js';
import { sessionAs } from './data-source.js';
import { sessionRoles } from './session-roles.js';

const channel = 'chimera_signals';
const reconnectMs = 500;

/** Signals by LISTEN and NOTIFY, on a connection of their own. */
@Injectable()
export class PostgresSignals extends SignalHub implements OnApplicationShutdown {
  private readonly logger = new Logger(PostgresSignals.name);
  private client: pg.Client | undefined;
  private closed = false;

  constructor(private readonly url: string) {
    super();
  }

  async connect(): Promise<void> {
    const client = new pg.Client({
      ...sessionAs(this.url, sessionRoles.app),
      application_name: 'chimera signals',
      connectionTimeoutMillis: 5_000,
    });
    client.on('notification', ({ payload }) => {
      if (payload !== undefined) this.receive(payload);
    });
    client.on('error', (error: Error) => void this.reconnect(client, error));
    client.once('end', () => void this.reconnect(client));
    await client.connect();
    await client.query(`LISTEN ${channel}`);
    this.client = client;
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    await this.client?.end();
  }

  protected async send(messages: readonly string[]): Promise<void> {
    try {
      await this.client?.query('SELECT pg_notify($1, message) FROM unnest($2::text[]) AS message', [
        channel,
        messages,
      ]);
    } catch (error) {
      this.logger.warn({ err: error }, 'Signals were not sent: waiters will look by themselves.');
    }
  }

  private async reconnect(lost: pg.Client, error?: Error): Promise<void> {
    if (this.closed || this.client !== lost) return;
    this.client = undefined;
    this.logger.warn({ err: error }, 'The connection for signals was lost; connecting again.');
    lost.end().catch(() => undefined);
    while (this.isDown()) {
      await delay(reconnectMs);
      if (!this.isDown()) return;
      await this.connect().catch((fault: unknown) => {
        this.logger.debug({ err: fault }, 'Not yet.');
      });
    }
    this.resync();
  }

  private isDown(): boolean {
    return !this.closed && this.client === undefined;
  }
}
