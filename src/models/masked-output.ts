import type { Reason } from './decision.js';
import { isJsonObject, pointerToken, tokensOf } from './json-reader.js';
import type { JsonValue } from './json.js';

/** Stands for one UTF-16 code unit, so that what reasons say of places stays true. */
const mark = '•';

/** What the gate's detail of a reason says that fired in the name of the member at `pointer`, and not in its value. */
const inTheName = ', in the key';

/** What says which words of a policy are there, or what a sentence is about, gives nobody's data away. */
const unmasked: readonly Reason['code'][] = ['SENSITIVE_KEYWORD', 'SENSITIVE_TOPIC'];

/** Stands for a value of which nothing is shown. */
export const hidden = mark.repeat(3);

interface Span {
  readonly start: number;
  readonly end: number;
}

/** What is to be masked at a place of the output and below it. */
class Branch {
  readonly inValue: Span[] = [];
  readonly inName: Span[] = [];
  readonly below = new Map<string, Branch>();

  at(tokens: readonly string[]): Branch {
    return tokens.reduce((branch: Branch, token) => {
      const next = branch.below.get(token) ?? new Branch();
      branch.below.set(token, next);
      return next;
    }, this);
  }
}

interface Masked {
  readonly output: JsonValue;
  /** The same reasons; pointers lead through names as they are shown. */
  readonly reasons: readonly Reason[];
}

/**
 * The output without the secrets, the personal data and what a tenant's patterns look for that the gate found in it: each such
 * stretch is masked, in a name too, and the items that go on with a number that was split. An output that the gate could not look through, or whose findings it did not list, is hidden.
 */
export function masked(output: JsonValue, reasons: readonly Reason[]): Masked {
  if (reasons.some(({ code, detector }) => code === 'GATE_ERROR' || detector === 'GATE/MORE'))
    return {
      output: hidden,
      reasons: reasons.map((reason) => ({ ...reason, pointer: null, start: null, end: null })),
    };
  const root = new Branch();
  for (const { code, pointer, start, end, detail } of reasons) {
    if (unmasked.includes(code) || pointer === null || start === null || end === null) continue;
    const { inName, inValue } = root.at(tokensOf(pointer));
    (detail.includes(inTheName) ? inName : inValue).push({ start, end });
  }
  const names = new Map<string, string>();
  return {
    output: maskedValue(output, root, { from: '', to: '', names }),
    reasons: reasons.map((reason) => ({
      ...reason,
      pointer: names.get(reason.pointer ?? '') ?? reason.pointer,
    })),
  };
}

/** Where a value is, and where it will be; `names` gets each place that a mask has moved. */
interface Way {
  readonly from: string;
  readonly to: string;
  readonly names: Map<string, string>;
}

function maskedValue(value: JsonValue, branch: Branch, way: Way): JsonValue {
  if (way.from !== way.to) way.names.set(way.from, way.to);
  if (typeof value === 'string' || typeof value === 'number') {
    return branch.inValue.length === 0 ? value : maskedText(String(value), branch.inValue);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (isJsonObject(value)) return maskedMembers(value, branch, way);
  let split = false;
  return value.map((item, index) => {
    const own = branch.below.get(String(index));
    const goesOn = split && typeof item === 'string' && /\d/.test(item);
    split =
      goesOn || (typeof item === 'string' && (own?.inValue.some(({ end }) => end >= item.length) ?? false));
    if (goesOn) return mark.repeat(item.length);
    return own ? maskedValue(item, own, step(way, String(index), String(index))) : item;
  });
}

function maskedMembers(value: Readonly<Record<string, JsonValue>>, branch: Branch, way: Way): JsonValue {
  const taken = new Set(Object.keys(value));
  const members = Object.entries(value).map(([name, member]): [string, JsonValue] => {
    const own = branch.below.get(name);
    if (!own) return [name, member];
    const shown = own.inName.length === 0 ? name : unlike(taken, maskedText(name, own.inName));
    return [shown, maskedValue(member, own, step(way, name, shown))];
  });
  return Object.fromEntries(members);
}

function step({ from, to, names }: Way, name: string, shown: string): Way {
  return { from: `${from}/${pointerToken(name)}`, to: `${to}/${pointerToken(shown)}`, names };
}

/** Two names may be the same once they are masked: no member is lost for that. */
function unlike(taken: Set<string>, name: string): string {
  let shown = name;
  for (let nth = 2; taken.has(shown); nth += 1) shown = `${name} ${nth}`;
  taken.add(shown);
  return shown;
}

function maskedText(text: string, spans: readonly Span[]): string {
  const units = text.split('');
  for (const { start, end } of spans) units.fill(mark, start, end);
  return units.join('');
}
