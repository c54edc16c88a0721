import { hashOf } from '../models/digest.js';
import { DomainError } from '../models/errors.js';
import type { Page, PageRequest, Position } from '../models/page.js';

/** What the values of a position look like: what a cursor brings is put into a query, so it is checked like any input. */
const forms = {
  uuid: (value: unknown) =>
    typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value),
  /** A place in the audit record. */
  sequence: (value: unknown) => isWholeNumber(value, Number.MAX_SAFE_INTEGER),
  /** What an `integer` column holds. */
  integer: (value: unknown) => isWholeNumber(value, 2_147_483_647),
  agentId: (value: unknown) => typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(value),
} as const;

function isWholeNumber(value: unknown, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
}

/** One list of the API: its name, and what its positions are made of. */
export interface ListKind {
  readonly name: string;
  readonly position: readonly (keyof typeof forms)[];
}

/** The wire form of a list's part. */
export interface WirePage<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/**
 * Cursors of one list under one tenant and filter: opaque, and of no use anywhere else.
 */
export class Cursors {
  private readonly tag: string;

  constructor(
    private readonly list: ListKind,
    tenantId: string,
    filter: object,
  ) {
    this.tag = hashOf(JSON.stringify([list.name, tenantId, filter])).slice(0, 16);
  }

  /** @throws DomainError `INVALID_CURSOR` */
  request(limit: number, cursor: string | undefined): PageRequest {
    return { limit, after: cursor === undefined ? undefined : this.decode(cursor) };
  }

  page<T, W>({ items, next }: Page<T>, view: (item: T) => W): WirePage<W> {
    return { items: items.map(view), nextCursor: next === null ? null : this.encode(next) };
  }

  private encode(position: Position): string {
    return Buffer.from(JSON.stringify([this.tag, ...position])).toString('base64url');
  }

  private decode(cursor: string): Position {
    const parts = parse(cursor);
    const [tag, ...position] = parts;
    const fits =
      tag === this.tag &&
      position.length === this.list.position.length &&
      this.list.position.every((form, index) => forms[form](position[index]));
    if (!fits) {
      throw new DomainError(
        'INVALID_CURSOR',
        'The cursor is not one that this list gave for these filters. Begin without a cursor.',
      );
    }
    return position.flatMap((value) =>
      typeof value === 'string' || typeof value === 'number' ? [value] : [],
    );
  }
}

function parse(cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}
