import { decodedTexts } from './decoded-text.js';
import { isJsonObject, pointerToken } from './json-reader.js';
import type { JsonValue } from './json.js';
import { plainText, type PlainText } from './plain-text.js';

/** Where in the output a text stands: as a string, as a number, or as the name of an object's member. */
export type TextPlace = 'STRING' | 'NUMBER' | 'NAME';

/**
 * How a text is read: as it was written, decoded, or an array's items as one text. What a joined text says within one of
 * its items, the item says, too.
 */
export type TextReading = 'WRITTEN' | 'DECODED' | 'JOINED';

/** One text of an output, ready to be searched. */
export interface TextSegment extends PlainText {
  /** RFC 6901 pointer to the string or number, or to the member whose name this is. */
  readonly pointer: string;
  /** Its number in the order of the output; a reading of a text has the text's. */
  readonly index: number;
  readonly place: TextPlace;
  /** The name of the nearest member that the text is in; empty for none, and for a name itself. */
  readonly member: string;
  readonly reading: TextReading;
  /** Whether a reader goes on to it from the text before: to an array's next item, or from a name to what stands under it. */
  readonly goesOn: boolean;
  /** The items of a joined text, which stand in it with a space between them; else none. */
  readonly items: readonly TextSegment[];
}

/** A stretch of the output as it was written. */
export interface OutputPlace {
  readonly pointer: string;
  readonly place: TextPlace;
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/** Where a stretch of a segment's plain text stands in the output; of several items, where it stands in the first. */
export function placeInOutput(segment: TextSegment, start: number, end: number): OutputPlace {
  const { pointer, place, index, items } = segment;
  if (items.length === 0) return { pointer, place, index, ...segment.toOriginal(start, end) };
  let from = 0;
  for (const item of items) {
    const next = from + item.plain.length + 1;
    if (start < next) return placeInOutput(item, start - from, Math.min(end - from, item.plain.length));
    from = next;
  }
  return { pointer, place, index, start: 0, end: 0 };
}

/** How much of an output is read. */
export interface ReadLimits {
  /** How many arrays and objects may stand inside one another. */
  readonly depth: number;
  /** How many UTF-16 code units all names, strings and numbers together may have; decoded, as many again. */
  readonly textLength: number;
}

/** The texts of an output, and which limit kept some of them from being read. */
export interface OutputText {
  readonly segments: readonly TextSegment[];
  readonly exceeded?: 'DEPTH' | 'LENGTH' | 'DECODED';
}

/**
 * Every string, number and member name of an output, however deep, in an order that does not depend on the order of an
 * object's members; after them what they say when they are read otherwise, see {@link TextReading}. Reading stops at the
 * limits, and the answer says so.
 */
export function readOutput(output: JsonValue, limits: ReadLimits): OutputText {
  const written: TextSegment[] = [];
  const joined: TextSegment[] = [];
  let left = limits.textLength;
  let exceeded: OutputText['exceeded'];

  const add = (text: string, place: TextPlace, at: Omit<Position, 'depth'>): void => {
    left -= text.length;
    if (left < 0) exceeded = 'LENGTH';
    else if (text !== '') {
      const { pointer, member, goesOn } = at;
      const base = {
        pointer,
        place,
        member,
        index: written.length,
        reading: 'WRITTEN',
        goesOn,
        items: [],
      } as const;
      written.push({ ...plainText(text), ...base });
    }
  };
  const visit = (value: JsonValue, at: Position): void => {
    if (left < 0) return;
    if (typeof value === 'string') add(value, 'STRING', at);
    else if (typeof value === 'number') add(String(value), 'NUMBER', at);
    else if (typeof value !== 'object' || value === null) return;
    else if (at.depth === limits.depth) exceeded ??= 'DEPTH';
    else if (!isJsonObject(value)) {
      const { pointer, member, depth } = at;
      const first = written.length;
      value.forEach((entry, index) => {
        const goesOn = index === 0 ? at.goesOn : !areRecords(value[index - 1], entry);
        visit(entry, { pointer: `${pointer}/${index}`, member, goesOn, depth: depth + 1 });
      });
      joined.push(...joinedItems(written.slice(first), value.length));
    } else {
      for (const [nth, name] of Object.keys(value).sort().entries()) {
        const pointer = `${at.pointer}/${pointerToken(name)}`;
        add(name, 'NAME', { pointer, member: '', goesOn: nth === 0 && at.goesOn });
        visit(value[name] ?? null, { pointer, member: name, goesOn: true, depth: at.depth + 1 });
      }
    }
  };
  visit(output, { pointer: '', member: '', goesOn: false, depth: 0 });
  const decoded = left < 0 ? [] : decodedSegments(written, limits.textLength);
  if (decoded === undefined) exceeded ??= 'DECODED';
  const segments = [...written, ...(decoded ?? []), ...joined];
  return exceeded === undefined ? { segments } : { segments, exceeded };
}

/** Whether two items of an array are objects: the second one's names do not go on from what the first one says last. */
function areRecords(before: JsonValue | undefined, item: JsonValue): boolean {
  return before !== undefined && isJsonObject(before) && isJsonObject(item);
}

interface Position {
  readonly pointer: string;
  readonly member: string;
  readonly goesOn: boolean;
  readonly depth: number;
}

/** What the texts say decoded; `undefined` when that is more than may be read. */
function decodedSegments(written: readonly TextSegment[], textLength: number): TextSegment[] | undefined {
  const decoded: TextSegment[] = [];
  let left = textLength;
  for (const segment of written) {
    if (segment.place === 'NUMBER') continue;
    for (const reading of decodedTexts(segment)) {
      left -= reading.plain.length;
      if (left < 0) return undefined;
      decoded.push({ ...segment, ...reading, reading: 'DECODED', goesOn: false });
    }
  }
  return decoded;
}

/** How long an array's item may be to be taken for a part of a number. */
const longestPart = 40;

/**
 * The runs of short items with digits of an array, each as one text: a number that was split is whole in it. A place in
 * it leads to the item that it begins in.
 */
function* joinedItems(items: readonly TextSegment[], count: number): Generator<TextSegment> {
  if (items.length !== count) return;
  let run: TextSegment[] = [];
  for (const item of items) {
    const isPart = item.place === 'STRING' && item.plain.length <= longestPart && /\d/.test(item.plain);
    if (isPart) run.push(item);
    else {
      yield* joinedRun(run);
      run = [];
    }
  }
  yield* joinedRun(run);
}

function* joinedRun(items: readonly TextSegment[]): Generator<TextSegment> {
  const [first] = items;
  if (first === undefined || items.length < 2) return;
  const plain = items.map((item) => item.plain).join(' ');
  const folded = items.map((item) => item.folded).join(' ');
  yield { ...first, plain, folded, reading: 'JOINED', goesOn: false, items };
}
