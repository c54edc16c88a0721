import type { TextSegment } from '../../models/output-text.js';
import { isWordAt, lastAtMost } from '../../models/plain-text.js';
import { UnitReader } from '../../models/text-units.js';

/**
 * The letters and digits of an output's texts without what stands between them, one text after the other. Where a reader
 * does not go on from one text to the next, or a text between them is left out, a 0 stands between them.
 */
export class WordStream {
  readonly units: Uint16Array;
  length = 0;
  /** Where each unit stands in its text. */
  readonly #places: Int32Array;
  /** Which texts there are, and where each begins in the stream. */
  readonly #texts: TextSegment[] = [];
  readonly #starts: number[] = [];

  private constructor({ units, places }: Room) {
    this.units = units;
    this.#places = places;
  }

  /** Gives a stream of the texts to a reader, which does not keep it: the next stream may be written over it. */
  static read(texts: readonly TextSegment[], alphabet: Alphabet, reader: (stream: WordStream) => void): void {
    const stream = new WordStream(roomFor(texts.reduce((sum, { folded }) => sum + folded.length + 1, 0)));
    for (const text of texts) stream.#add(text, alphabet);
    reader(stream);
  }

  #add(text: TextSegment, alphabet: Alphabet): void {
    if (!text.goesOn || this.#texts.at(-1)?.index !== text.index - 1) {
      this.units[this.length] = 0;
      this.length += 1;
    }
    this.#texts.push(text);
    this.#starts.push(this.length);
    this.length = alphabet.write(text.folded, this.units, this.#places, this.length);
  }

  /** Whether something stands between a unit and the one before it. */
  isApart(unit: number): boolean {
    return this.placeOf(unit) !== this.placeOf(unit - 1) + 1 || this.textOf(unit) !== this.textOf(unit - 1);
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

/** What a stream is written into. */
interface Room {
  readonly units: Uint16Array;
  readonly places: Int32Array;
}

function madeRoom(length: number): Room {
  return { units: new Uint16Array(length), places: new Int32Array(length) };
}

/** Room is made once for all streams but the longest: to clear it anew takes as long as to read a text. */
const shared = 0x40000 + 0x10000;
let room = madeRoom(0);

function roomFor(length: number): Room {
  if (length <= room.units.length) return room;
  if (length > shared) return madeRoom(length);
  room = madeRoom(Math.min(shared, 2 * length));
  return room;
}

const unknown = 0xffff;

/** What the units of a text count as; 0 for what stands between words. Each is worked out once. */
export class Alphabet {
  readonly #units = new Uint16Array(0x10000).fill(unknown);
  readonly #reader = new UnitReader();

  /** @param substitutes what counts as another unit; any other letter, digit and mark counts as itself. */
  constructor(substitutes: ReadonlyMap<string, string> = new Map()) {
    for (const [sign, letter] of substitutes) this.#units[sign.charCodeAt(0)] = letter.charCodeAt(0);
  }

  /** Writes what the units of a text count as, and where each stands, from a place on; answers where they end. */
  write(text: string, units: Uint16Array, places: Int32Array, from: number): number {
    const counted = this.#units;
    const written = this.#reader.read(text);
    let at = from;
    for (let index = 0; index < text.length; index += 1) {
      const known = counted[written[index] ?? 0] ?? unknown;
      const unit = known === unknown ? this.at(text, index) : known;
      units[at] = unit;
      places[at] = index;
      // No branch: a processor cannot foresee where words end.
      at += Number(unit !== 0);
    }
    return at;
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
