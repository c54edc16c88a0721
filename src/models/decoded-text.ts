import { isUtf8 } from 'node:buffer';
import { decode as decodeEntity } from 'html-entities';
import { longRuns, UnitClass } from './long-runs.js';
import { plainText, TextRuns, type PlainText } from './plain-text.js';

/**
 * What a text says once it is decoded: its HTML entities (HTML 13.5), percent-encoded bytes (RFC 3986, 2.1) and escapes
 * of program code (`\u0041`, `\x41`) in one reading, and each stretch of Base64 (RFC 4648) or hexadecimal digits that
 * stands for text in a reading of its own. Each is decoded once: what comes out is not decoded again.
 *
 * Places in the readings lead to the places of what was decoded; those in a decoded stretch, to all of the stretch.
 */
export function* decodedTexts(text: PlainText): Generator<PlainText> {
  const unescaped = withoutEscapes(text);
  if (unescaped !== undefined) yield unescaped;
  yield* blobsIn(text);
}

const escapes =
  /&(?:#\d{1,7};?|#x[\da-f]{1,6};?|[a-z][a-z\d]{1,31};)|(?:%[\da-f]{2}){1,64}|\\u[\da-f]{4}|\\x[\da-f]{2}|=\r?\n/gi;

function withoutEscapes(text: PlainText): PlainText | undefined {
  const { plain } = text;
  if (!/[&%\\=]/.test(plain)) return undefined;
  const runs = new TextRuns();
  let from = 0;
  for (const { index, 0: escape } of plain.matchAll(escapes)) {
    const decoded = unescaped(escape);
    if (decoded === escape) continue;
    runs.keep(plain.slice(from, index), from);
    runs.replace(decoded, index, index + escape.length);
    from = index + escape.length;
  }
  if (from === 0) return undefined;
  runs.keep(plain.slice(from), from);
  return readingOf(text, runs.text(), runs.toOriginal());
}

function unescaped(escape: string): string {
  switch (escape.charAt(0)) {
    case '&':
      return decodeEntity(escape);
    case '%':
      return bytesToText(Buffer.from(escape.replaceAll('%', ''), 'hex')) ?? escape;
    case '\\':
      return String.fromCharCode(Number.parseInt(escape.slice(2), 16));
    default:
      return '';
  }
}

/** The plain form of a text that was made of another one. */
function readingOf(source: PlainText, made: string, toSource: PlainText['toOriginal']): PlainText {
  const { plain, folded, toOriginal } = plainText(made);
  return {
    original: source.original,
    plain,
    folded,
    toOriginal: (start, end) => {
      const inMade = toOriginal(start, end);
      const inSource = toSource(inMade.start, inMade.end);
      return source.toOriginal(inSource.start, inSource.end);
    },
  };
}

/** What Base64 and hexadecimal digits are written with, but for the signs at the end. */
const codeUnits = new UnitClass(/[A-Za-z\d+/_-]/, false);
/** The fewest digits, with the signs at their end, that are decoded: `secret` has so many. */
const shortestCode = 8;
/** How many signs may stand at the end. */
const mostPadding = 2;
const pairsOfDigits = /\b[\dA-Fa-f]{2}(?:(?:[ :,]|, |,? ?0x)[\dA-Fa-f]{2}\b){5,}/g;
const pairUnits = new UnitClass(/[\dA-Fa-fx:, ]/, false);
/** Six pairs, and what stands between them. */
const shortestPairs = 17;
/** From how many characters on a line of Base64 may go on in the next one; RFC 2045 allows 76, PEM has 64. */
const shortestFullLine = 40;
const shortestPiece = 8;
/** How much of a stretch says whether the rest is worth decoding. */
const prefix = 32;

function* blobsIn(text: PlainText): Generator<PlainText> {
  const { plain } = text;
  for (const { start, end } of stretches(plain)) {
    const decoded = decodedStretch(plain.slice(start, end));
    if (decoded !== undefined) yield wholeReading(text, decoded, start, end);
    else yield* pieces(text, start, end);
  }
  for (const { index, 0: pairs } of pairsIn(plain)) {
    const decoded = bytesToText(Buffer.from(pairs.replace(/0x|[^\da-f]/gi, ''), 'hex'));
    if (decoded !== undefined) yield wholeReading(text, decoded, index, index + pairs.length);
  }
}

/** Pairs of hexadecimal digits with something between them. */
function* pairsIn(plain: string): Generator<{ index: number; 0: string }> {
  for (const { start, end } of longRuns(plain, shortestPairs, pairUnits)) {
    // With what stands on both sides, which says whether a word begins and ends there.
    const from = Math.max(0, start - 1);
    for (const { index, 0: pairs } of plain.slice(from, end + 1).matchAll(pairsOfDigits)) {
      yield { index: from + index, 0: pairs };
    }
  }
}

/** The parts of an address or a path that stand for text, where the whole of it does not. */
function* pieces(text: PlainText, start: number, end: number): Generator<PlainText> {
  for (const { index, 0: piece } of text.plain.slice(start, end).matchAll(/[A-Za-z\d+]+={0,2}/g)) {
    if (piece.length < shortestPiece || piece.length === end - start) continue;
    const decoded = decodedStretch(piece);
    if (decoded !== undefined) yield wholeReading(text, decoded, start + index, start + index + piece.length);
  }
}

/** Runs of the Base64 alphabet, those together that a line break parts after a full line. */
function* stretches(plain: string): Generator<{ start: number; end: number }> {
  let open: { start: number; end: number; line: number } | undefined;
  for (const run of longRuns(plain, shortestCode - mostPadding, codeUnits)) {
    const { start: index } = run;
    const padding = plain.startsWith('==', run.end) ? mostPadding : plain.startsWith('=', run.end) ? 1 : 0;
    const end = run.end + padding;
    if (end - index < shortestCode) continue;
    const isNextLine =
      open !== undefined &&
      open.line >= shortestFullLine &&
      /^\r?\n[ \t]{0,8}$/.test(plain.slice(open.end, index));
    if (open !== undefined && isNextLine) open = { start: open.start, end, line: end - index };
    else {
      if (open !== undefined) yield open;
      open = { start: index, end, line: end - index };
    }
  }
  if (open !== undefined) yield open;
}

function wholeReading(text: PlainText, decoded: string, start: number, end: number): PlainText {
  return readingOf(text, decoded, () => ({ start, end }));
}

function decodedStretch(code: string): string | undefined {
  const digits = code.replace(/^0x/i, '');
  if (digits.length % 2 === 0 && /^[\da-f]{12,}$/i.test(digits) && startsAsText(digits, 'hex')) {
    const decoded = bytesToText(Buffer.from(digits, 'hex'));
    if (decoded !== undefined) return decoded;
  }
  if (!startsAsText(code, 'base64')) return undefined;
  return bytesToText(Buffer.from(code.replace(/\s/g, ''), 'base64'));
}

/** Whether the first bytes could be text, so that what could not is not decoded at length. */
function startsAsText(code: string, encoding: 'hex' | 'base64'): boolean {
  if (encoding === 'base64' && !quartersMayBeText(code)) return false;
  return !Buffer.from(code.slice(0, prefix), encoding).some(isNoText);
}

/** Whether the first whole quarters of Base64 could be text: most long words end here, without a buffer for each. */
function quartersMayBeText(code: string): boolean {
  const length = Math.min(code.length, prefix);
  for (let at = 0, byte = 0; at + 4 <= length; at += 4, byte += 3) {
    let bits = 0;
    for (let digit = at; digit < at + 4; digit += 1) {
      const value = base64Values[code.charCodeAt(digit)] ?? noDigit;
      if (value === noDigit) return true;
      bits = (bits << 6) | value;
    }
    if (isNoText(bits >> 16, byte) || isNoText((bits >> 8) & 0xff, byte + 1)) return false;
    if (isNoText(bits & 0xff, byte + 2)) return false;
  }
  return true;
}

const noDigit = 0xff;
const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const base64Values = new Uint8Array(0x80).fill(noDigit);
for (let value = 0; value < 64; value += 1) base64Values[base64Digits.charCodeAt(value)] = value;

/** Whether a byte cannot be in a text: a control, but for the second half of a unit of ASCII in UTF-16. */
function isNoText(byte: number, index: number): boolean {
  return isControl(byte) && !(byte === 0 && index % 2 === 1);
}

function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13) || byte === 0x7f;
}

/** The text that bytes stand for, in UTF-8 or in little-endian UTF-16 of ASCII; `undefined` where they are no text. */
function bytesToText(bytes: Buffer): string | undefined {
  if (bytes.length === 0) return undefined;
  if (bytes.length > 3 && bytes[1] === 0) {
    const isWide = bytes.every((byte, index) => (index % 2 === 1 ? byte === 0 : !isControl(byte)));
    return isWide ? bytes.toString('utf16le') : undefined;
  }
  if (bytes.some(isControl)) return undefined;
  if (bytes.every((byte) => byte < 0x80)) return bytes.toString('latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
