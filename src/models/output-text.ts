import { isJsonObject, pointerToken } from './json-reader.js';
import type { JsonValue } from './json.js';
import { plainText, type PlainText } from './plain-text.js';

/** Where in the output a text stands: as a string, as a number, or as the name of an object's member. */
export type TextPlace = 'STRING' | 'NUMBER' | 'NAME';

/** One text of an output, ready to be searched. */
export interface TextSegment extends PlainText {
  /** RFC 6901 pointer to the string or number, or to the member whose name this is. */
  readonly pointer: string;
  /** Its number in the order of the output. */
  readonly index: number;
  readonly place: TextPlace;
  /** The name of the nearest member that the text is in; empty for none, and for a name itself. */
  readonly member: string;
}

/** How much of an output is read. */
export interface ReadLimits {
  /** How many arrays and objects may stand inside one another. */
  readonly depth: number;
  /** How many UTF-16 code units all names, strings and numbers together may have. */
  readonly textLength: number;
}

/** The texts of an output, and which limit kept some of them from being read. */
export interface OutputText {
  readonly segments: readonly TextSegment[];
  readonly exceeded?: 'DEPTH' | 'LENGTH';
}

/**
 * Every string, number and member name of an output, however deep, in an order that does not depend on the order of an
 * object's members. Reading stops at the limits, and the answer says so.
 */
export function readOutput(output: JsonValue, limits: ReadLimits): OutputText {
  const segments: TextSegment[] = [];
  let left = limits.textLength;
  let exceeded: 'DEPTH' | 'LENGTH' | undefined;

  const add = (text: string, pointer: string, place: TextPlace, member: string): void => {
    left -= text.length;
    if (left < 0) exceeded = 'LENGTH';
    else if (text !== '') {
      segments.push({ ...plainText(text), pointer, place, member, index: segments.length });
    }
  };
  const visit = (value: JsonValue, pointer: string, member: string, depth: number): void => {
    if (left < 0) return;
    if (typeof value === 'string') add(value, pointer, 'STRING', member);
    else if (typeof value === 'number') add(String(value), pointer, 'NUMBER', member);
    else if (typeof value !== 'object' || value === null) return;
    else if (depth === limits.depth) exceeded ??= 'DEPTH';
    else if (!isJsonObject(value)) {
      value.forEach((entry, index) => visit(entry, `${pointer}/${index}`, member, depth + 1));
    } else {
      for (const name of Object.keys(value).sort()) {
        const inner = `${pointer}/${pointerToken(name)}`;
        add(name, inner, 'NAME', '');
        visit(value[name] ?? null, inner, name, depth + 1);
      }
    }
  };
  visit(output, '', '', 0);
  return exceeded === undefined ? { segments } : { segments, exceeded };
}
