import { validationFailed, type ErrorCode, type FieldError } from './errors.js';
import type { JsonObject, JsonValue } from './json.js';

/** One reference token of an RFC 6901 pointer, escaped. */
export function pointerToken(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The reference tokens of an RFC 6901 pointer, unescaped; none for that of the whole document. */
export function tokensOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * Reads a JSON value that nobody has checked yet, and collects every fault in it instead of stopping at the first.
 *
 * Each method takes the value's pointer, answers the typed value, and answers `undefined` after noting a fault.
 */
export class JsonReader {
  readonly #faults: FieldError[] = [];

  /** Notes a fault; the reading goes on. */
  fault(pointer: string, message: string): undefined {
    this.#faults.push({ pointer, message });
    return undefined;
  }

  /** Throws a `DomainError` with this code when a fault was noted; its `errors` hold all of them. */
  finish(code: ErrorCode): void {
    if (this.#faults.length > 0) throw validationFailed(this.#faults, code);
  }

  object(value: JsonValue, pointer: string): JsonObject | undefined {
    if (isJsonObject(value)) return value;
    return this.fault(pointer, `must be an object, not ${kindOf(value)}`);
  }

  /** An object with no other members than `known`; a name that is close to a known one is named in the fault. */
  record(value: JsonValue, pointer: string, known: readonly string[]): JsonObject | undefined {
    const object = this.object(value, pointer);
    if (object === undefined) return undefined;
    for (const name of Object.keys(object)) {
      if (!known.includes(name)) this.fault(`${pointer}/${pointerToken(name)}`, unknownName(name, known));
    }
    return object;
  }

  array(value: JsonValue, pointer: string, most: number): JsonValue[] | undefined {
    if (!Array.isArray(value)) return this.fault(pointer, `must be an array, not ${kindOf(value)}`);
    if (value.length > most) {
      return this.fault(pointer, `holds ${value.length} entries; at most ${most} are taken`);
    }
    return value;
  }

  /** A string of 1 to `longest` UTF-16 code units without control characters and lone surrogates. */
  text(value: JsonValue | undefined, pointer: string, longest: number): string | undefined {
    if (value === undefined) return this.fault(pointer, 'is missing');
    if (typeof value !== 'string') return this.fault(pointer, `must be a string, not ${kindOf(value)}`);
    if (value.trim() === '') return this.fault(pointer, 'must not be empty');
    if (value.length > longest) {
      return this.fault(pointer, `is ${value.length} characters long; at most ${longest} are taken`);
    }
    if (!value.isWellFormed()) return this.fault(pointer, 'holds half of a surrogate pair');
    if (/\p{Cc}/u.test(value)) return this.fault(pointer, 'holds a control character');
    return value;
  }

  number(value: JsonValue, pointer: string, least: number, most: number): number | undefined {
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      return this.fault(pointer, `must be a number, not ${kindOf(value)}`);
    }
    if (value < least || value > most) return this.fault(pointer, `must be from ${least} to ${most}`);
    return value;
  }

  oneOf<T extends string>(value: JsonValue | undefined, pointer: string, known: readonly T[]): T | undefined {
    if (value === undefined) return this.fault(pointer, `is missing; it is one of ${known.join(', ')}`);
    if (typeof value !== 'string') return this.fault(pointer, `must be a string, not ${kindOf(value)}`);
    const found = known.find((name) => name === value);
    return found ?? this.fault(pointer, `must be one of ${known.join(', ')}`);
  }
}

/** Whether the value is a JSON object: neither an array nor `null`. */
export function isJsonObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function unknownName(name: string, known: readonly string[]): string {
  const near = known.find((candidate) => isNear(name.toLowerCase(), candidate.toLowerCase()));
  return near === undefined
    ? `is not known; known are ${known.join(', ')}`
    : `is not known; did you mean ${near}?`;
}

/** Whether the names differ by at most two insertions, deletions or replacements (Levenshtein distance). */
function isNear(one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > 2) return false;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 0; i < one.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j += 1) {
      const replaced = (row[j] ?? 0) + (one[i] === other[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return (row[other.length] ?? 0) <= 2;
}
