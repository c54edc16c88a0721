/** What stands between words. */
export const wordSpace = 0x20;
/** What parts clauses. */
export const clauseComma = 0x2c;

/** Stands for a run of letters and digits that is no word: no phrase has it. */
const noWord = 0x01;
/** So often letters and digits change in a run that is a hash, a token or an id, and no word with a number at it. */
const changesOfNoWord = 3;
/** From this length on hexadecimal digits with a number among them are a hash, as short as Git shows one. */
const shortestHash = 7;

/**
 * A folded text as it is searched for phrases: words with one space between them, a comma as a word of its own, digits
 * apart from letters. What is no word at all counts as one that nobody knows.
 */
export class PhraseText {
  units = new Uint16Array(64);
  length = 0;

  /** Adds a stretch of a folded text's units with a space around it, and says where the space before the word at `word` stands. */
  add(written: Uint16Array, start: number, end: number, word = start): number {
    this.#reserve(2 * (end - start) + 4);
    const { units } = this;
    let at = this.length;
    let last = wordSpace;
    units[at++] = last;
    let before = this.length;
    // Up to here no run begins that is no word.
    let looked = start;
    for (let index = start; index < end; index += 1) {
      if (index === word) before = last === wordSpace ? at - 1 : at;
      if (last === wordSpace && index >= looked) {
        const run = runAt(written, index, end);
        looked = run.end;
        if (run.isNoWord) {
          units[at++] = noWord;
          last = noWord;
          index = run.end - 1;
          continue;
        }
      }
      const unit = phraseUnits[written[index] ?? 0] ?? wordSpace;
      if (unit === clauseComma) {
        if (last !== wordSpace) units[at++] = wordSpace;
        if (units[at - 2] !== clauseComma) {
          units[at++] = clauseComma;
          units[at++] = wordSpace;
        }
        last = wordSpace;
        continue;
      }
      if (unit === wordSpace && last === wordSpace) continue;
      if (isDigit(last) !== isDigit(unit) && last !== wordSpace && unit !== wordSpace)
        units[at++] = wordSpace;
      units[at++] = unit;
      last = unit;
    }
    if (last !== wordSpace) units[at++] = wordSpace;
    this.length = at;
    return before;
  }

  /** Ends a sentence: no phrase goes on behind it. */
  endSentence(): void {
    this.#reserve(1);
    this.units[this.length++] = 0;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.units.length) return;
    const grown = new Uint16Array(2 * (this.length + more));
    grown.set(this.units);
    this.units = grown;
  }
}

/**
 * The run of letters and digits that begins at a place, and whether it is no word. Runs of hexadecimal digits go on behind
 * `-`. Where one is no such run, none that begins later in it is: so no unit has to be looked at twice.
 */
function runAt(units: Uint16Array, start: number, end: number): { end: number; isNoWord: boolean } {
  let [at, changes, hexadecimal] = [start, 0, true];
  let before = units[at] ?? 0;
  for (; at < end; at += 1) {
    const unit = units[at] ?? 0;
    if (unit === hyphen) {
      if (changes >= changesOfNoWord && !hexadecimal) break;
      if (!hexadecimal || !isHexadecimal(units[at + 1] ?? 0)) break;
      continue;
    }
    if (!isAsciiWord(unit)) break;
    hexadecimal &&= isHexadecimal(unit);
    if (isDigit(unit) !== isDigit(before)) changes += 1;
    before = unit;
  }
  const isHash = hexadecimal && changes > 0 && at - start >= shortestHash;
  return { end: at, isNoWord: isHash || changes >= changesOfNoWord };
}

const hyphen = 0x2d;

function isAsciiWord(unit: number): boolean {
  return isDigit(unit) || (unit >= 0x61 && unit <= 0x7a);
}

function isHexadecimal(unit: number): boolean {
  return isDigit(unit) || (unit >= 0x61 && unit <= 0x66);
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

/** Whether a unit beyond ASCII may be part of a word: no general punctuation, sign, arrow, dingbat or half of an emoji. */
function isLetterUnit(unit: number): boolean {
  return unit >= 0xc0 && (unit < 0x2000 || unit > 0x2bff) && (unit < 0xd800 || unit > 0xdfff);
}

const phraseUnits = new Uint16Array(0x10000).map((_, unit) => phraseUnit(unit));

/** What a unit of a folded text counts as: a letter, a digit, a comma for what parts clauses, or a space. */
function phraseUnit(unit: number): number {
  if (unit >= 0x80) return isLetterUnit(unit) ? unit : wordSpace;
  if ((unit >= 0x61 && unit <= 0x7a) || isDigit(unit)) return unit;
  return unit === clauseComma || unit === 0x3a || unit === 0x28 || unit === 0x29 ? clauseComma : wordSpace;
}
