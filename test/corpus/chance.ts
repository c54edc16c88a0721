/** A source of choices that is the same for the same seed, on every machine (SplitMix32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from `from` to `to`, both inclusive. */
  whole(from: number, to: number): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return from + (((mixed ^ (mixed >>> 15)) >>> 0) % (to - from + 1));
  }

  /** One of the items. */
  one<T>(items: readonly T[]): T {
    const item = items[this.whole(0, items.length - 1)];
    if (item === undefined) throw new RangeError('There is nothing to choose from.');
    return item;
  }

  /** Each `#` becomes a digit, each `^` a capital letter, each `?` a small one, each `~` a letter or digit. */
  filled(mask: string): string {
    return mask.replace(/[#^?~]/g, (sign) => this.text(signs[sign] ?? '', 1));
  }

  /** A text of `length` signs of an alphabet. */
  text(alphabet: string, length: number): string {
    return Array.from({ length }, () => alphabet[this.whole(0, alphabet.length - 1)] ?? '').join('');
  }

  digits(length: number): string {
    return this.text('0123456789', length);
  }
}

const capitals = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const small = capitals.toLowerCase();

/** Capital and small letters and digits. */
export const alphanumeric = `${capitals}${small}0123456789`;

const signs: Readonly<Record<string, string>> = {
  '#': '0123456789',
  '^': capitals,
  '?': small,
  '~': alphanumeric,
};
