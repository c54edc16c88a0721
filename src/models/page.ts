/** A place in a list: the sort values of the last item that was seen. */
export type Position = readonly (string | number)[];

/** Which part of a list is wanted. */
export interface PageRequest {
  /** 1–200. */
  readonly limit: number;
  /** Exclusive; `undefined` for the beginning. */
  readonly after?: Position | undefined;
}

/** A part of a list, and where the next one begins; `null` at the end. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: Position | null;
}

/** Makes a page of `limit + 1` rows that were read to see whether there are more. */
export function pageOf<T>(rows: readonly T[], limit: number, positionOf: (row: T) => Position): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? positionOf(last) : null };
}
