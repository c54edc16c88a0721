/** What stands between words. */
export const wordSpace = 0x20;
/** What parts clauses. */
export const clauseComma = 0x2c;

/**
 * A folded text as it is searched for phrases: words with one space between them, a comma as a word of its own, digits
 * apart from letters.
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
    for (let index = start; index < end; index += 1) {
      if (index === word) before = last === wordSpace ? at - 1 : at;
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
