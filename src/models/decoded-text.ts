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
const shortestCode = 12;
const pairsOfDigits = /\b[\dA-Fa-f]{2}(?:(?:[ :,]|, |,? ?0x)[\dA-Fa-f]{2}\b){5,}/g;
/** From how many characters on a line of Base64 may go on in the next one; RFC 2045 allows 76, PEM has 64. */
const shortestFullLine = 40;
const shortestPiece = 12;
/** How much of a stretch says whether the rest is worth decoding. */
const prefix = 32;

function* blobsIn(text: PlainText): Generator<PlainText> {
  const { plain } = text;
  for (const { start, end } of stretches(plain)) {
    const decoded = decodedStretch(plain.slice(start, end));
    if (decoded !== undefined) yield wholeReading(text, decoded, start, end);
    else yield* pieces(text, start, end);
  }
  for (const { index, 0: pairs } of plain.matchAll(pairsOfDigits)) {
    const decoded = bytesToText(Buffer.from(pairs.replace(/0x|[^\da-f]/gi, ''), 'hex'));
    if (decoded !== undefined) yield wholeReading(text, decoded, index, index + pairs.length);
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
  for (const run of longRuns(plain, shortestCode, codeUnits)) {
    const { start: index } = run;
    const padding = plain.startsWith('==', run.end) ? 2 : plain.startsWith('=', run.end) ? 1 : 0;
    const end = run.end + padding;
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
  const bytes = Buffer.from(code.slice(0, prefix), encoding);
  return !bytes.some((byte, index) => isControl(byte) && !(byte === 0 && index % 2 === 1));
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
