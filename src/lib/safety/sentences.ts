/** A stretch of a text that is read as one sentence, without the white space around it. */
export interface Sentence {
  readonly start: number;
  readonly end: number;
  readonly asks: boolean;
  /** Whether what it asks is meant as advice: `why not …`. */
  readonly suggests: boolean;
  /** Where an order would begin with its verb: after words like `please`. */
  readonly order: number;
}

/** How much text without an end of a sentence is read as one. */
const longestSentence = 400;

const beforeOrder =
  /[\s"'*>-]{0,4}(?:(?:please|just|simply|now|then|so|always|never|don't|do not|first|today|honestly|ok|okay),?\s){0,2}/y;

const suggestion =
  /(?<![a-z])(?:why (?:not|don't you)|warum nicht|pourquoi ne pas|por ?que n(?:o|ao))(?![a-z])/;

/**
 * The sentences of a text, in pieces that end between words when they are very long. A sentence ends with a line, with a
 * mark before white space or a closing sign, or with a mark of a script without spaces.
 *
 * @param units those of the text, and a 0 behind them.
 */
export function sentencesOf(folded: string, units: Uint16Array): readonly Sentence[] {
  const sentences: Sentence[] = [];
  let from = 0;
  for (let index = 0; index < folded.length; index += 1) {
    const mark = markOf(units[index] ?? 0);
    if (mark === noMark) continue;
    const first = index;
    let asks = false;
    if (mark !== wideMark) while (markOf(units[index + 1] ?? 0) === mark) index += 1;
    if (mark === stopMark) {
      if (!endsSentence(units[index + 1] ?? 0, index + 1 === folded.length)) continue;
      for (let at = first; at <= index; at += 1) asks ||= units[at] === questionMark;
    }
    addPieces(sentences, folded, units, { start: from, end: index + 1, asks });
    from = index + 1;
  }
  addPieces(sentences, folded, units, { start: from, end: folded.length, asks: false });
  return sentences;
}

const questionMark = 0x3f;
const [noMark, stopMark, lineMark, wideMark] = [0, 1, 2, 3];
const stops = new Set([0x21, questionMark, 0x2e, 0x3b]);
const asciiMarks = Uint8Array.from({ length: 0x80 }, (_, unit) => {
  if (unit === 0x0a) return lineMark;
  return stops.has(unit) ? stopMark : noMark;
});

function markOf(unit: number): number {
  if (unit < 0x80) return asciiMarks[unit] ?? noMark;
  return unit === 0x3002 || unit === 0xff01 || unit === 0xff1f ? wideMark : noMark;
}

/** Whether a sentence ends before a unit, behind a mark. */
function endsSentence(unit: number, isLast: boolean): boolean {
  return isLast || isSpace(unit) || closing.has(unit);
}

/** Quotation marks, closing brackets, and what ends emphasis in Markdown. */
const closing = new Set([0x22, 0x27, 0x29, 0x5d, 0x2a, 0x5f]);

/** Whether a unit is white space, as ECMAScript has it. */
function isSpace(unit: number): boolean {
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
  return /\s/.test(String.fromCharCode(unit));
}

interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly asks: boolean;
}

function addPieces(sentences: Sentence[], folded: string, units: Uint16Array, whole: Stretch): void {
  const { end: last, asks } = whole;
  let from = whole.start;
  while (from < last) {
    const to = pieceEnd(units, from, last);
    let [start, end] = [from, to];
    while (start < end && isSpace(units[start] ?? 0)) start += 1;
    while (end > start && isSpace(units[end - 1] ?? 0)) end -= 1;
    if (start < end) {
      beforeOrder.lastIndex = start;
      const order = start + (beforeOrder.exec(folded)?.[0].length ?? 0);
      const suggests = asks && suggestion.test(folded.slice(start, end));
      sentences.push({ start, end, asks, suggests, order });
    }
    from = to;
  }
}

/** Where a piece ends: with its sentence, or before the last word that has begun when it is long enough. */
function pieceEnd(units: Uint16Array, from: number, last: number): number {
  if (last - from <= longestSentence) return last;
  let end = from + longestSentence;
  while (end > from && units[end - 1] !== 0x20) end -= 1;
  return end - 1 > from ? end - 1 : from + longestSentence;
}
