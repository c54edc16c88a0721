import type { EntityMetadata } from 'typeorm';
import type { PayloadSeal, Place } from './payload-seal.js';
import type { Statement } from './statement-pool.js';

type Column = EntityMetadata['columns'][number];
type Row = Readonly<Record<string, unknown>>;

/** What of a row is a payload, and how it is kept. */
export interface SealedColumn {
  readonly name: string;
  /** The part of the column that is sealed; without it the whole. */
  readonly member?: string;
  /** Of which rows it is written sealed; without it of all. */
  readonly of?: (row: object) => boolean;
}

export interface Sealing {
  readonly seal: PayloadSeal;
  readonly columns: readonly SealedColumn[];
}

function sqlType(column: Column): string {
  const type = typeof column.type === 'string' ? column.type : 'text';
  return column.isArray ? `${type}[]` : type;
}

function recordset(columns: readonly Column[], more: readonly string[] = []): string {
  const fields = columns.map((column) => `"${column.propertyName}" ${sqlType(column)}`);
  return `json_to_recordset($1::json) AS r(${[...fields, ...more].join(', ')})`;
}

/**
 * Set-based SQL over one model's table, made from its mapping: rows travel as one JSON parameter, so that a statement
 * has the same text and the same plan for one row and for a thousand.
 */
export class RowTable {
  readonly name: string;
  private readonly columns: readonly Column[];
  private readonly keys: readonly Column[];
  private readonly changing: readonly Column[];
  readonly insert: Statement;
  readonly update: Statement;

  constructor(
    metadata: EntityMetadata,
    fixed: readonly string[] = [],
    private readonly sealing?: Sealing,
  ) {
    this.name = metadata.tableName;
    this.columns = metadata.columns;
    this.keys = metadata.primaryColumns;
    this.changing = this.columns.filter(
      (column) => !column.isPrimary && !fixed.includes(column.propertyName),
    );
    this.insert = this.insertion();
    this.update = this.change();
  }

  /** The columns of `alias` under the model's names. A bigint comes as a number: ours stay below 2^53. */
  select(alias: string): string {
    return this.columns
      .map((column) => {
        const cast = column.type === 'bigint' ? '::double precision' : '';
        return `${alias}.${column.databaseName}${cast} AS "${column.propertyName}"`;
      })
      .join(', ');
  }

  /** SQL for how many bytes the JSON in a row is, sealed as it may be. */
  jsonBytes(alias: string): string {
    const sizes = this.columns
      .filter(({ type }) => type === 'json' || type === 'jsonb')
      .map(({ databaseName }) => `coalesce(octet_length(${alias}.${databaseName}::text), 0)`);
    return ['0', ...sizes].join(' + ');
  }

  /** What the update takes as `$1`: of rows with their `storedVersion`, only what names them and what may have changed. */
  changesOf(rows: readonly Row[]): string {
    const names = [...this.keys, ...this.changing].map(({ propertyName }) => propertyName);
    return this.rowsOf(
      rows.map((row) => Object.fromEntries([...names, 'storedVersion'].map((name) => [name, row[name]]))),
    );
  }

  /** What the insertion takes as `$1`, with the payloads sealed. */
  rowsOf(rows: readonly object[]): string {
    const { sealing } = this;
    if (!sealing) return JSON.stringify(rows);
    return JSON.stringify(
      rows.map((row) =>
        this.withPayloads(row, (value, place, { of }) =>
          of && !of(row) ? value : sealing.seal.seal(value, place),
        ),
      ),
    );
  }

  /**
   * Rows as they were read, with their payloads opened.
   *
   * @throws UnreadablePayloadError when no key opens one
   */
  opened<T extends object>(rows: readonly T[]): readonly T[] {
    const { sealing } = this;
    if (!sealing) return rows;
    return rows.map((row) => this.withPayloads(row, (value, place) => sealing.seal.open(value, place)));
  }

  /** The JSON text of a payload, opened. `row` has what names it. */
  openedJson(row: object, name: string, json: string): string {
    return this.sealing ? this.sealing.seal.openJson(json, this.placeOf(row, name)) : json;
  }

  private withPayloads<T extends object>(
    row: T,
    change: (value: unknown, place: Place, column: SealedColumn) => unknown,
  ): T {
    const changed: Record<string, unknown> = {};
    for (const column of this.sealing?.columns ?? []) {
      const { name, member } = column;
      const value: unknown = Reflect.get(row, name);
      if (value === null || value === undefined) continue;
      if (member === undefined) changed[name] = change(value, this.placeOf(row, name), column);
      else if (typeof value === 'object') {
        const place = this.placeOf(row, `${name}.${member}`);
        changed[name] = { ...value, [member]: change(Reflect.get(value, member), place, column) };
      }
    }
    return { ...row, ...changed };
  }

  private placeOf(row: object, column: string): Place {
    const [tenantId = '', ...rest] = this.keys.map(({ propertyName }) =>
      String(Reflect.get(row, propertyName)),
    );
    return { tenantId, table: this.name, row: rest.join('/'), column };
  }

  /** Inserts the rows of `$1`, a JSON array. */
  private insertion(): Statement {
    const names = this.columns.map((column) => column.databaseName).join(', ');
    const values = this.columns.map((column) => `r."${column.propertyName}"`).join(', ');
    return {
      name: `insert-${this.name}`,
      text: `INSERT INTO ${this.name} (${names}) SELECT ${values} FROM ${recordset(this.columns)}`,
    };
  }

  /**
   * Compare-and-set: brings each row of `$1`, a JSON array, from its `storedVersion` to its own. Fails unless it changes `$2`
   * rows.
   */
  private change(): Statement {
    const assignments = this.changing
      .map((column) => `${column.databaseName} = r."${column.propertyName}"`)
      .join(', ');
    const sameKey = this.keys
      .map((column) => `t.${column.databaseName} = r."${column.propertyName}"`)
      .join(' AND ');
    return {
      name: `update-${this.name}`,
      text: `WITH changed AS (
          UPDATE ${this.name} t SET ${assignments} FROM ${recordset([...this.keys, ...this.changing], ['"storedVersion" integer'])}
          WHERE ${sameKey} AND t.version = r."storedVersion" RETURNING 1
        )
        SELECT expect_rows('${this.name}', count(*), $2) FROM changed`,
    };
  }
}

/** A condition on rows, built from what is asked for; values become parameters. */
export class Conditions {
  private readonly parts: string[] = [];
  readonly parameters: unknown[] = [];

  /** Adds a condition in which `?` stands for the value; none for an `undefined` value. */
  add(sql: string, value: unknown): this {
    if (value === undefined) return this;
    this.parts.push(sql.replaceAll('?', this.parameter(value)));
    return this;
  }

  /** Adds a value and gives its placeholder. */
  parameter(value: unknown): string {
    this.parameters.push(value);
    return `$${this.parameters.length}`;
  }

  get where(): string {
    return this.parts.join(' AND ');
  }
}
