import { lookAlikes } from './look-alikes.js';
import { UnitReader } from './text-units.js';
import { isMarkUnit, isWordUnit } from './unit-kinds.js';

/** A text as it was written, and in the form in which it is searched. */
export interface PlainText {
  readonly original: string;
  /** The text without what hides it from a search: see {@link plainText}. Upper and lower case are kept. */
  readonly plain: string;
  /** `plain` in lower case, of the same length. */
  readonly folded: string;
  /** The place in `original`, in UTF-16 code units, of a place in `plain`; ends are exclusive. */
  readonly toOriginal: ToOriginal;
}

/** From a stretch of one text to the stretch of another text that it was made of. */
export type ToOriginal = (start: number, end: number) => { start: number; end: number };

/**
 * Undoes what makes a text look the same to a reader and different to a search.
 *
 * Compatibility forms become plain ones (NFKC), invisible characters and bidirectional controls go, letters lose their
 * accents, look-alikes of ASCII letters become ASCII (Unicode TR39), every script's decimal digits become 0 to 9, and
 * dashes, quotation marks and spaces become the ones on a keyboard. The time taken grows linearly with the text.
 */
export function plainText(original: string): PlainText {
  if (/^[\t\n\r\x20-\x7e]*$/.test(original)) {
    return { original, plain: original, folded: original.toLowerCase(), toOriginal: samePlace };
  }
  const runs = new TextRuns();
  const units = reader.read(original);
  let index = 0;
  while (index < original.length) {
    const end = replacedSingly(units, index, original.length);
    if (end > index) runs.keep(reader.text(index, end), index);
    index = end;
    if (index === original.length) break;
    clusterAt.lastIndex = index;
    const [cluster] = clusterAt.exec(original) ?? [original.charAt(index)];
    runs.replace(plainCluster(cluster), index, index + cluster.length);
    index += cluster.length;
  }
  const plain = narrowed(runs.text());
  return { original, plain, folded: foldedLike(plain), toOriginal: runs.toOriginal() };
}

/** Whether the UTF-16 code unit at `index` belongs to a letter, a digit or a mark on one. */
export function isWordAt(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  if (unit < 0xd800 || unit > 0xdfff) return isWordUnit(unit);
  const first = unit >= 0xdc00 ? index - 1 : index;
  return /^[\p{L}\p{N}\p{M}]/u.test(String.fromCodePoint(text.codePointAt(first) ?? 0x20));
}

/** A text that is put together from stretches of another one, and knows where each of them came from. */
export class TextRuns {
  readonly #parts: string[] = [];
  /** Where each run begins here and there, and where it ends there; a kept run is as long there as here. */
  readonly #here: number[] = [];
  readonly #there: number[] = [];
  readonly #ends: number[] = [];
  #length = 0;

  /** Adds a stretch as it is. */
  keep(text: string, start: number): void {
    const last = this.#here.length - 1;
    const goesOn =
      this.#ends[last] === start &&
      this.#length - (this.#here[last] ?? 0) === start - (this.#there[last] ?? 0);
    if (last >= 0 && goesOn) this.#ends[last] = start + text.length;
    else this.#add(start, start + text.length);
    this.#parts.push(text);
    this.#length += text.length;
  }

  /** Adds what stands for a stretch: unit by unit where it is as long, else each of its units for all of it. */
  replace(text: string, start: number, end: number): void {
    if (text === '') return;
    if (text.length === end - start) {
      this.keep(text, start);
      return;
    }
    this.#add(start, end);
    this.#parts.push(text);
    this.#length += text.length;
  }

  text(): string {
    return this.#parts.join('');
  }

  toOriginal(): ToOriginal {
    const [here, there, ends, total] = [this.#here, this.#there, this.#ends, this.#length];
    const lengthOf = (run: number): number => (here[run + 1] ?? total) - (here[run] ?? 0);
    const isKept = (run: number): boolean => lengthOf(run) === (ends[run] ?? 0) - (there[run] ?? 0);
    return (start, end) => {
      const first = lastAtMost(here, start);
      const last = lastAtMost(here, Math.max(start, end - 1));
      const from = isKept(first) ? start - (here[first] ?? 0) : 0;
      const to = isKept(last) ? end - (here[last] ?? 0) + (there[last] ?? 0) : (ends[last] ?? 0);
      return { start: (there[first] ?? 0) + from, end: to };
    };
  }

  #add(start: number, end: number): void {
    this.#here.push(this.#length);
    this.#there.push(start);
    this.#ends.push(end);
  }
}

/** Where the last number stands that is not above the one given; 0 for none. */
export function lastAtMost(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle;
  }
  return low;
}

/** A character and its marks; the voice marks of half-width katakana are letters that become marks. */
const clusterAt = /[^\p{M}][\p{M}\uff9e\uff9f]{0,16}|\p{M}/suy;

/** The same text, stored with one byte a unit where that is possible: it is searched much faster. */
function narrowed(text: string): string {
  return /^[\0-\xff]*$/.test(text) ? Buffer.from(text, 'latin1').toString('latin1') : text;
}

const reader = new UnitReader();

/** The unit that stands for a character in the plain form: 0 where nobody has looked yet, {@link notOne} for none. */
const singles = new Uint16Array(0x10000);
const notOne = 0xffff;

/** Puts for each character what stands for it, up to one that takes more than a unit, or carries a mark; answers its place. */
function replacedSingly(units: Uint16Array, from: number, length: number): number {
  let index = from;
  for (; index < length; index += 1) {
    const unit = units[index] ?? 0;
    const known = singles[unit] ?? 0;
    const single = known === 0 ? singleFor(unit) : known;
    if (single === notOne) break;
    units[index] = single;
  }
  return index > from && index < length && !isBare(units[index] ?? 0) ? index - 1 : index;
}

function singleFor(unit: number): number {
  const plain = isBare(unit) ? plainCluster(String.fromCharCode(unit)) : '';
  const single = plain.length === 1 ? plain.charCodeAt(0) : notOne;
  singles[unit] = single;
  return single;
}

/** Whether a unit is neither a mark nor a half of a character that may be one. */
function isBare(unit: number): boolean {
  return !isMarkUnit(unit) && unit !== 0xff9e && unit !== 0xff9f && (unit < 0xd800 || unit > 0xdfff);
}

const clusters = new Map<string, string>();
const mostClustersKept = 8192;
/** A ligature that stands for a whole sentence would let a small output grow past all bounds; it is left as it is. */
const mostExpansion = 8;

function plainCluster(cluster: string): string {
  if (cluster.length === 1 && cluster >= ' ' && cluster <= '~') return cluster;
  const known = clusters.get(cluster);
  if (known !== undefined) return known;
  const parts = cluster.normalize('NFKD');
  const plain = [...(parts.length > mostExpansion * cluster.length ? cluster : parts)]
    .map(plainCharacter)
    .join('')
    .normalize('NFC');
  if (clusters.size < mostClustersKept) clusters.set(cluster, plain);
  return plain;
}

function plainCharacter(character: string): string {
  const alike = lookAlikes.get(character) ?? punctuation.get(character);
  if (alike !== undefined) return alike;
  if (character <= '~' && character >= ' ') return character;
  if (/[\t\n\r]/.test(character)) return character;
  if (/[\u0085\u2028\u2029\v\f]/.test(character)) return '\n';
  if (invisible.test(character) || isAccent(character)) return '';
  if (/\s/.test(character)) return ' ';
  if (/\p{Nd}/u.test(character)) return String(digitValue(character));
  if (/\p{Pd}/u.test(character)) return '-';
  return enclosedLetter(character) ?? character;
}

const invisible = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]/u;

/** Where the accents of alphabetic scripts stand in the code space; other scripts spell with their marks. */
const accents = [
  [0x0300, 0x036f],
  [0x0483, 0x0489],
  [0x1ab0, 0x1aff],
  [0x1dc0, 0x1dff],
  [0x20d0, 0x20ff],
  [0xfe20, 0xfe2f],
  // The vowel signs of Hebrew and Arabic, which are seldom written, and the stroke that lengthens Arabic words.
  [0x0591, 0x05bd],
  [0x05bf, 0x05bf],
  [0x05c1, 0x05c2],
  [0x05c4, 0x05c7],
  [0x0640, 0x0640],
  [0x064b, 0x065f],
  [0x0670, 0x0670],
] as const;

function isAccent(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return accents.some(([first, last]) => code >= first && code <= last);
}

const punctuation = new Map([
  ['ß', 'ss'],
  ['ẞ', 'SS'],
  ['ς', 'o'],
  ['−', '-'],
  ['‘', "'"],
  ['’', "'"],
  ['ʼ', "'"],
  ['′', "'"],
  ['“', '"'],
  ['”', '"'],
  ['„', '"'],
  ['⁄', '/'],
  ['∕', '/'],
  ['∶', ':'],
  ['ː', ':'],
  ['。', '.'],
]);

/** Decimal digits stand in the code space in runs of ten, from 0 to 9 (The Unicode Standard, 4.6). */
function digitValue(digit: string): number {
  const code = digit.codePointAt(0) ?? 0;
  let before = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before += 1;
  return before % 10;
}

/** The letter in a circle, a square or a flag, none of which NFKC takes apart. */
function enclosedLetter(character: string): string | undefined {
  const code = character.codePointAt(0) ?? 0;
  const first = [0x1f150, 0x1f170, 0x1f1e6].find((start) => code >= start && code < start + 26);
  return first === undefined ? undefined : String.fromCharCode(0x41 + code - first);
}

function foldedLike(plain: string): string {
  const folded = plain.toLowerCase();
  if (folded.length === plain.length) return folded;
  return [...plain].map((character) => sameLength(character, character.toLowerCase())).join('');
}

function sameLength(character: string, folded: string): string {
  return folded.length === character.length ? folded : character;
}

function samePlace(start: number, end: number): { start: number; end: number } {
  return { start, end };
}
