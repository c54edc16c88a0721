/** A keyword that ends at a place of the searched text. */
export interface KeywordHit {
  /** The number of the keyword in the list that the automaton was made of. */
  readonly keyword: number;
  /** How many units long it is. */
  readonly length: number;
  /** Where its last unit stands. */
  readonly last: number;
}

/**
 * Finds all of many words in one pass over a text (Aho and Corasick, 1975).
 *
 * The time taken is that of the text plus that of the hits, however many words there are; the memory is that of the
 * words.
 */
export class KeywordAutomaton {
  /** The number of states, a measure of the memory taken. */
  readonly size: number;
  readonly #next = new Map<number, number>();
  readonly #fail: number[] = [0];
  readonly #depth: number[] = [0];
  /** The nearest state on the chain of failures at which a word ends; 0 for none. */
  readonly #ending: number[] = [0];
  readonly #words: (number[] | undefined)[] = [undefined];

  /** The words' units are compared as they are. An empty word is never found. */
  constructor(words: readonly string[]) {
    const made: { state: number; parent: number; unit: number }[][] = [];
    words.forEach((word, keyword) => {
      let state = 0;
      for (let index = 0; index < word.length; index += 1) {
        const unit = word.charCodeAt(index);
        let next = this.#next.get(edge(state, unit));
        if (next === undefined) {
          next = this.#fail.length;
          this.#next.set(edge(state, unit), next);
          this.#fail.push(0);
          this.#depth.push(index + 1);
          this.#ending.push(0);
          this.#words.push(undefined);
          (made[index] ??= []).push({ state: next, parent: state, unit });
        }
        state = next;
      }
      if (state !== 0) (this.#words[state] ??= []).push(keyword);
    });
    for (const { state, parent, unit } of made.flat()) {
      const fail = parent === 0 ? 0 : this.#step(this.#fail[parent] ?? 0, unit);
      this.#fail[state] = fail;
      this.#ending[state] = this.#words[fail] === undefined ? (this.#ending[fail] ?? 0) : fail;
    }
    this.size = this.#fail.length;
  }

  /** Reports every word in the text, in the order of their ends. */
  search(text: string, report: (hit: KeywordHit) => void): void {
    let state = 0;
    for (let last = 0; last < text.length; last += 1) {
      state = this.#step(state, text.charCodeAt(last));
      let end = this.#words[state] === undefined ? (this.#ending[state] ?? 0) : state;
      while (end !== 0) {
        const length = this.#depth[end] ?? 0;
        for (const keyword of this.#words[end] ?? []) report({ keyword, length, last });
        end = this.#ending[end] ?? 0;
      }
    }
  }

  #step(from: number, unit: number): number {
    let state = from;
    for (;;) {
      const next = this.#next.get(edge(state, unit));
      if (next !== undefined) return next;
      if (state === 0) return 0;
      state = this.#fail[state] ?? 0;
    }
  }
}

function edge(state: number, unit: number): number {
  return state * 0x10000 + unit;
}
