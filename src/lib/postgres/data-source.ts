import { DataSource, type MigrationInterface } from 'typeorm';
import { schemas } from './schemas.js';

/** How many connections one process opens for rows, beside the queue's and the signals'. */
const poolSize = 10;

/**
 * What every connection for rows is told, in milliseconds. The last is the client's own: a server that is frozen does not
 * keep its own time.
 */
export const sessionSettings = {
  options: '-c timezone=UTC -c statement_timeout=30000 -c lock_timeout=10000',
  keepAlive: true,
  query_timeout: 35_000,
};

export type Migrations = readonly (new () => MigrationInterface)[];

/** A data source over the models' tables; not yet connected. Never synchronizes: migrations alone change the schema. */
export function createDataSource(url: string, migrations: Migrations = []): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    entities: schemas,
    migrations: [...migrations],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    poolSize,
    connectTimeoutMS: 5_000,
    applicationName: 'chimera',
    extra: sessionSettings,
    logging: false,
  });
}
