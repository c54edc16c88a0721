import { DataSource, type MigrationInterface } from 'typeorm';
import { schemas } from './schemas.js';
import type { SessionRole } from './session-roles.js';

/** How many connections one process opens for rows of tenants, beside the queue's and the signals'. */
const poolSize = 10;

/**
 * What every connection for rows is told, in milliseconds. The last is the client's own: a server that is frozen does not
 * keep its own time.
 */
const sessionSettings = {
  options: '-c timezone=UTC -c statement_timeout=30000 -c lock_timeout=10000',
  keepAlive: true,
  query_timeout: 35_000,
};

interface Session {
  readonly connectionString: string;
  readonly options: string;
  readonly keepAlive: boolean;
  readonly query_timeout: number;
}

/** How to connect for a session that speaks as a role from its first statement on. Settings in the URL stand above ours but for that. */
export function sessionAs(url: string, role: SessionRole, more = ''): Session {
  const address = new URL(url);
  const own = address.searchParams.get('options') ?? '';
  address.searchParams.delete('options');
  const options = [sessionSettings.options, more, own, `-c role=${role}`]
    .filter((part) => part !== '')
    .join(' ');
  return { ...sessionSettings, connectionString: address.href, options };
}

export type Migrations = readonly (new () => MigrationInterface)[];

/** What is particular to a data source. `role` is whose rights its sessions have: without it those of the URL's user. */
interface DataSourceOptions {
  readonly migrations?: Migrations;
  readonly role?: SessionRole;
  readonly connections?: number;
}

/** A data source over the models' tables; not yet connected. Never synchronizes: migrations alone change the schema. */
export function createDataSource(url: string, options: DataSourceOptions = {}): DataSource {
  const { migrations = [], role, connections = poolSize } = options;
  const session = role === undefined ? { ...sessionSettings, connectionString: url } : sessionAs(url, role);
  return new DataSource({
    type: 'postgres',
    url: session.connectionString,
    entities: schemas,
    migrations: [...migrations],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    poolSize: connections,
    connectTimeoutMS: 5_000,
    applicationName: 'chimera',
    extra: { ...session, pipeline: role !== undefined },
    logging: false,
  });
}
