import { isJsonObject } from '../../src/models/json-reader.js';
import type { JsonObject, JsonValue } from '../../src/models/json.js';

/** What a careful person says is in an output: a class (`PII`) or a detector's find (`PII/IBAN`), maybe with its place. */
export interface ExpectedFind {
  readonly label: string;
  /** `undefined` for a label whose place nobody noted. */
  readonly place?: { readonly pointer: string; readonly start: number; readonly end: number };
}

/** One output and what is in it. */
export interface LabelledCase {
  /** The file and the line. */
  readonly where: string;
  readonly family: string;
  readonly output: JsonValue;
  /** Empty for a harmless output. */
  readonly expected: readonly ExpectedFind[];
  /** Labels that nobody asks the gate for; what fires where they stand is neither right nor wrong. */
  readonly ignored: readonly ExpectedFind[];
}

/** How the lines of a file are to be read where they differ from ours. */
export interface CaseFormat {
  /** Our names of fields, and theirs. */
  readonly fields: Readonly<Record<string, string>>;
  /** Their labels, and ours; `-` for a label that is ignored. */
  readonly labels: Readonly<Record<string, string>>;
  readonly ignoreUnknownLabels: boolean;
  /** Whether a line without labels is a harmless one; otherwise it is a fault. */
  readonly unlabelledIsHarmless: boolean;
}

export const ownFormat: CaseFormat = {
  fields: {},
  labels: {},
  ignoreUnknownLabels: false,
  unlabelledIsHarmless: false,
};

/** The field names of a line. `join` is a sign that stands in the text to keep scanners of repositories quiet. */
export const caseFields = ['text', 'output', 'labels', 'spans', 'family', 'join'] as const;
type CaseField = (typeof caseFields)[number];

/** A line that cannot be read. The message says where and why. */
export class CaseError extends Error {
  override readonly name = 'CaseError';
}

/** The classes of finds that the gate has, by any name that a label may give them. */
const classNames: Readonly<Record<string, string>> = {
  SECRET: 'SECRET',
  PII: 'PII',
  KEYWORD: 'KEYWORD',
  SENSITIVE_KEYWORD: 'KEYWORD',
  PATTERN: 'PATTERN',
  SENSITIVE_PATTERN: 'PATTERN',
  TOPIC: 'TOPIC',
  SENSITIVE_TOPIC: 'TOPIC',
  GATE_ERROR: 'GATE_ERROR',
};

/** The class that a label or a detector belongs to; `undefined` for a name that the gate does not know. */
export function classOf(label: string): string | undefined {
  const name = label.split('/', 1)[0] ?? '';
  return Object.hasOwn(classNames, name) ? classNames[name] : undefined;
}

/** Whether a detector's find is what a label asks for: the class alone asks for any of its detectors. */
export function covers(label: string, detector: string): boolean {
  return label === detector || (!label.includes('/') && classOf(label) === classOf(detector));
}

/**
 * The cases of a file of JSON lines; blank lines are left out.
 *
 * @throws CaseError for the first line that is no case.
 */
export function readCases(file: string, content: string, format: CaseFormat = ownFormat): LabelledCase[] {
  return content
    .split('\n')
    .map((line, index) => ({ line, where: `${file}:${index + 1}` }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, where }) => new CaseReader(where, format).read(line));
}

class CaseReader {
  readonly #where: string;
  readonly #format: CaseFormat;

  constructor(where: string, format: CaseFormat) {
    this.#where = where;
    this.#format = format;
  }

  read(line: string): LabelledCase {
    const entry = this.#object(line);
    const join = this.#field(entry, 'join');
    const written = this.#output(entry);
    const output = typeof join === 'string' && join !== '' ? withoutJoins(written, join) : written;
    const family = this.#field(entry, 'family');
    const spans = this.#spans(entry, typeof output === 'string');
    const labels = this.#labels(entry, spans);
    const placed = spans.map(({ label }) => label);
    const all = [...spans, ...labels.filter((label) => !placed.includes(label)).map((label) => ({ label }))];
    const known = all.map((find) => ({ ...find, label: this.#ownLabel(find.label) }));
    return {
      where: this.#where,
      family: typeof family === 'string' ? family : '-',
      output,
      expected: known.filter(({ label }) => label !== '-'),
      ignored: known.filter(({ label }) => label === '-'),
    };
  }

  #object(line: string): JsonObject {
    try {
      const value = JSON.parse(line) as JsonValue;
      if (isJsonObject(value)) return value;
    } catch {
      throw this.#fault('is not JSON');
    }
    throw this.#fault('is not a JSON object');
  }

  #field(entry: JsonObject, field: CaseField): JsonValue | undefined {
    return entry[this.#format.fields[field] ?? field];
  }

  #output(entry: JsonObject): JsonValue {
    const output = this.#field(entry, 'text') ?? this.#field(entry, 'output');
    if (output === undefined) throw this.#fault('has neither text nor output; --field text=NAME names it');
    return output;
  }

  #labels(entry: JsonObject, spans: readonly ExpectedFind[]): string[] {
    const labels = this.#field(entry, 'labels');
    if (Array.isArray(labels) && labels.every((label) => typeof label === 'string')) return labels;
    if (labels !== undefined) throw this.#fault('has labels that are no list of strings');
    if (spans.length > 0 || this.#format.unlabelledIsHarmless) return [];
    throw this.#fault('has no labels; --unlabelled-harmless takes such a line for a harmless one');
  }

  #spans(entry: JsonObject, isText: boolean): ExpectedFind[] {
    const spans = this.#field(entry, 'spans') ?? [];
    if (!Array.isArray(spans)) throw this.#fault('has spans that are no list');
    return spans.map((span) => {
      if (!isJsonObject(span)) throw this.#fault('has a span that is no object');
      const { start, end, pointer = isText ? '' : null } = span;
      const label = span['label'] ?? span['type'];
      if (typeof label !== 'string' || typeof start !== 'number' || typeof end !== 'number')
        throw this.#fault('has a span without label, start or end');
      return typeof pointer === 'string' ? { label, place: { pointer, start, end } } : { label };
    });
  }

  #ownLabel(label: string): string {
    const { labels, ignoreUnknownLabels } = this.#format;
    const own = Object.hasOwn(labels, label) ? (labels[label] ?? label) : label;
    if (own === '-' || classOf(own) !== undefined) return own;
    if (ignoreUnknownLabels) return '-';
    throw this.#fault(
      `has the label ${own}, which no detector has; --map ${label}=PII/IBAN, for example, translates it, --map ${label}=- or --ignore-unknown leaves it out`,
    );
  }

  #fault(what: string): CaseError {
    return new CaseError(`${this.#where} ${what}`);
  }
}

function withoutJoins(value: JsonValue, join: string): JsonValue {
  if (typeof value === 'string') return value.replaceAll(join, '');
  if (Array.isArray(value)) return value.map((entry) => withoutJoins(entry, join));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [name.replaceAll(join, ''), withoutJoins(entry, join)]),
  );
}
