import { lookAlikes } from './look-alikes.js';

/** A text as it was written, and in the form in which it is searched. */
export interface PlainText {
  readonly original: string;
  /** The text without what hides it from a search: see {@link plainText}. Upper and lower case are kept. */
  readonly plain: string;
  /** `plain` in lower case, of the same length. */
  readonly folded: string;
  /** The place in `original`, in UTF-16 code units, of a place in `plain`; ends are exclusive. */
  readonly toOriginal: (start: number, end: number) => { start: number; end: number };
}

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
  const parts: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  for (const { index, 0: cluster } of original.matchAll(/[^\p{M}]\p{M}{0,16}|\p{M}/gsu)) {
    const plain = plainCluster(cluster);
    parts.push(plain);
    starts.push(...Array<number>(plain.length).fill(index));
    ends.push(...Array<number>(plain.length).fill(index + cluster.length));
  }
  const plain = parts.join('');
  return { original, plain, folded: foldedLike(plain), toOriginal: placeIn(starts, ends) };
}

/** Whether the UTF-16 code unit at `index` belongs to a letter, a digit or a mark on one. */
export function isWordAt(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  if (unit < 0x80) {
    return (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a);
  }
  const first = unit >= 0xdc00 && unit <= 0xdfff ? index - 1 : index;
  return /^[\p{L}\p{N}\p{M}]/u.test(String.fromCodePoint(text.codePointAt(first) ?? 0x20));
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

function placeIn(starts: readonly number[], ends: readonly number[]): PlainText['toOriginal'] {
  return (start, end) => ({ start: starts[start] ?? 0, end: ends[Math.max(start, end - 1)] ?? 0 });
}
