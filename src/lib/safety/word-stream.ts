import type { TextSegment } from '../../models/output-text.js';
import { isWordAt, lastAtMost } from '../../models/plain-text.js';

/**
 * The letters and digits of an output's texts without what stands between them, one text after the other. Where a reader
 * does not go on from one text to the next, a 0 stands between them.
 */
export class WordStream {
  units = new Uint16Array(0);
  length = 0;
  /** Where each unit stands in its text. */
  #places = new Int32Array(0);
  /** How many of the units up to this one stand apart from the one before them. */
  #gaps = new Int32Array(0);
  /** Which texts there are, and where each begins in the stream. */
  readonly #texts: TextSegment[] = [];
  readonly #starts: number[] = [];

  static of(texts: readonly TextSegment[], alphabet: Alphabet): WordStream {
    const stream = new WordStream();
    const most = texts.reduce((sum, { folded }) => sum + folded.length + 1, 0);
    stream.units = new Uint16Array(most);
    stream.#places = new Int32Array(most);
    stream.#gaps = new Int32Array(most);
    for (const text of texts) stream.#add(text, alphabet);
    return stream;
  }

  #add(text: TextSegment, alphabet: Alphabet): void {
    if (!text.goesOn) this.length += 1;
    this.#texts.push(text);
    this.#starts.push(this.length);
    const { folded } = text;
    const [units, places, gaps] = [this.units, this.#places, this.#gaps];
    let at = this.length;
    let gap = at === 0 ? 0 : (gaps[at - 1] ?? 0);
    let apart = 1;
    for (let index = 0; index < folded.length; index += 1) {
      const unit = alphabet.at(folded, index);
      if (unit === 0) {
        apart = 1;
        continue;
      }
      gap += apart;
      apart = 0;
      units[at] = unit;
      places[at] = index;
      gaps[at] = gap;
      at += 1;
    }
    if (at === this.length) return;
    this.length = at;
  }

  /** How many gaps stand between two units. */
  gapsBetween(first: number, last: number): number {
    return (this.#gaps[last] ?? 0) - (this.#gaps[first] ?? 0);
  }

  /** What stands between a unit and the one before it; a line break for the seam between two texts. */
  gapBefore(unit: number): string {
    const text = this.textOf(unit);
    const before = this.textOf(unit - 1);
    const [from, to] = [this.placeOf(unit - 1) + 1, this.placeOf(unit)];
    if (before === text) return text?.folded.slice(from, to) ?? '';
    return `${before?.folded.slice(from) ?? ''}\n${text?.folded.slice(0, to) ?? ''}`;
  }

  textOf(unit: number): TextSegment | undefined {
    return this.#texts[lastAtMost(this.#starts, unit)];
  }

  placeOf(unit: number): number {
    return this.#places[unit] ?? 0;
  }
}

const unknown = 0xffff;

/** What the units of a text count as; 0 for what stands between words. Each is worked out once. */
export class Alphabet {
  readonly #units = new Uint16Array(0x10000).fill(unknown);

  /** @param substitutes what counts as another unit; any other letter, digit and mark counts as itself. */
  constructor(substitutes: ReadonlyMap<string, string> = new Map()) {
    for (const [sign, letter] of substitutes) this.#units[sign.charCodeAt(0)] = letter.charCodeAt(0);
  }

  at(text: string, index: number): number {
    const unit = text.charCodeAt(index);
    const known = this.#units[unit] ?? unknown;
    if (known !== unknown) return known;
    const counted = isWordAt(text, index) ? unit : 0;
    if (unit < 0xd800 || unit > 0xdfff) this.#units[unit] = counted;
    return counted;
  }
}

/** Letters, digits and marks count as themselves. */
export const plainAlphabet = new Alphabet();
