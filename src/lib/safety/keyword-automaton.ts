import { atOnce, type SlicedWork } from '../../models/sliced-work.js';

/** Takes a keyword that ends at a place: its number in the list, how long it is, where its last unit stands. */
export type ReportKeyword = (keyword: number, length: number, last: number) => void;

/** What stands for no state and no word: the root is nobody's target, and words are numbered from 1 inside. */
const none = 0;

/** After how many states and words the making may be put off. */
const sliceOfWork = 512;

/** How many transitions are kept in a table of their own: those of the states nearest to the root, where searches are. */
const mostDense = 262_144;

/**
 * Finds all of many words in one pass over a text (Aho and Corasick, 1975).
 *
 * The time taken is that of the text plus that of the hits, however many words there are; the memory is that of the
 * words. States are numbered by their distance from the root, and those of one distance in the order of the states before
 * them, so that where a state leads to stands together. The first ones have a row of all their transitions each, in which no unit of
 * any word leads back to the root.
 */
export class KeywordAutomaton {
  /** The number of states, a measure of the memory taken. */
  size = 1;
  /** A number for each unit that some word has; 0 for all others. */
  readonly #classes: Uint16Array;
  readonly #classCount: number;
  /** The unit that leads to a state. */
  readonly #unit: Uint16Array;
  /** The first of the states that a state leads to; they end where those of the next begin. */
  readonly #first: Int32Array;
  #dense = new Int32Array(0);
  #denseCount = 0;
  readonly #fail: Int32Array;
  readonly #depth: Uint16Array;
  /** The nearest state on the chain of failures, the state itself among them, at which a word ends; 0 for none. */
  readonly #ending: Int32Array;
  /** For each state the last word that ends there, and the nearest state behind it on the chain at which one ends. */
  readonly #ends: Int32Array;
  /** For each word the one before that ends at the same state; words count from 1. */
  readonly #wordBefore: Int32Array;

  /** The words' units are compared as they are. An empty word is never found, and none is longer than 65,535 units. */
  static of(words: readonly string[]): KeywordAutomaton {
    return atOnce(KeywordAutomaton.making(words));
  }

  /** Makes what {@link of} does in slices. */
  static *making(words: readonly string[]): SlicedWork<KeywordAutomaton> {
    const classes = new Uint16Array(0x10000);
    const made = new KeywordAutomaton(classes, yield* numberUnits(words, classes), words);
    yield;
    yield* made.#grow(words);
    yield* made.#fillRows();
    return made;
  }

  private constructor(classes: Uint16Array, classCount: number, words: readonly string[]) {
    const most = words.reduce((sum, word) => sum + word.length, 1);
    this.#classes = classes;
    this.#classCount = classCount;
    this.#unit = new Uint16Array(most);
    this.#first = new Int32Array(most + 1);
    this.#fail = new Int32Array(most);
    this.#depth = new Uint16Array(most);
    this.#ending = new Int32Array(most);
    this.#ends = new Int32Array(2 * most);
    this.#wordBefore = new Int32Array(words.length + 1);
  }

  /** Reports every word among the first `length` units, in the order of their ends. No word goes across a 0. */
  search(units: Uint16Array, length: number, report: ReportKeyword): void {
    const [classes, dense] = [this.#classes, this.#dense];
    let entry = 0;
    for (let last = 0; last < length; last += 1) {
      const unit = classes[units[last] ?? 0] ?? 0;
      entry = entry < dense.length ? (dense[entry + unit] ?? 0) : this.#step(entry, unit);
      if (entry >= 0) continue;
      entry = ~entry;
      this.#report(this.#stateOf(entry), last, report);
    }
  }

  #report(state: number, last: number, report: ReportKeyword): void {
    let end = this.#ending[state] ?? 0;
    while (end !== 0) {
      const found = this.#depth[end] ?? 0;
      let word = this.#ends[2 * end] ?? none;
      while (word !== none) {
        report(word - 1, found, last);
        word = this.#wordBefore[word] ?? none;
      }
      end = this.#ends[2 * end + 1] ?? 0;
    }
  }

  /** Makes the states, all of one distance before the next: a state's own are made when its turn comes. */
  *#grow(words: readonly string[]): SlicedWork<void> {
    const open = new OpenWords(words, this.#unit.length);
    const reached = new Int32Array(this.#classCount);
    let [size, work] = [1, 0];
    for (let state = 0; state < size; state += 1) {
      this.#first[state] = size;
      this.#linkEnds(state);
      let word = open.firstAt(state);
      while (word !== none) {
        const text = words[word - 1] ?? '';
        const at = this.#depth[state] ?? 0;
        const unit = this.#classes[text.charCodeAt(at)] ?? 0;
        // What other states have left here is smaller than the first of this one's.
        let next = reached[unit] ?? 0;
        if (next < (this.#first[state] ?? 0)) {
          next = size;
          reached[unit] = next;
          this.#add(next, unit, state);
          size += 1;
        }
        const following = open.after(word);
        if (text.length === at + 1) this.#end(word, next);
        else open.append(word, next);
        word = following;
        work += 1;
      }
      work += 1;
      if (work < sliceOfWork) continue;
      work = 0;
      yield;
    }
    this.#first[size] = size;
    this.size = size;
  }

  /** Makes one state that its parent leads to. */
  #add(state: number, unit: number, parent: number): void {
    this.#unit[state] = unit;
    this.#depth[state] = (this.#depth[parent] ?? 0) + 1;
    this.#fail[state] = this.#failOf(parent, unit);
  }

  /** All words that end at the state are known by now, and so is this of all states nearer to the root. */
  #linkEnds(state: number): void {
    const behind = this.#ending[this.#fail[state] ?? 0] ?? 0;
    this.#ends[2 * state + 1] = behind;
    this.#ending[state] = this.#ends[2 * state] === none ? behind : state;
  }

  #end(word: number, state: number): void {
    this.#wordBefore[word] = this.#ends[2 * state] ?? none;
    this.#ends[2 * state] = word;
  }

  /** Works out all transitions of the states nearest to the root. */
  *#fillRows(): SlicedWork<void> {
    this.#denseCount = Math.min(this.size, Math.max(1, Math.floor(mostDense / this.#classCount)));
    this.#dense = new Int32Array(this.#denseCount * this.#classCount);
    for (let state = 0; state < this.#denseCount; state += 1) {
      this.#fillRow(state);
      if (state % 64 === 63) yield;
    }
  }

  #failOf(parent: number, unit: number): number {
    let state = parent;
    while (state !== 0) {
      state = this.#fail[state] ?? 0;
      const next = this.#edge(state, unit);
      if (next !== none) return next;
    }
    return 0;
  }

  #fillRow(state: number): void {
    const row = state * this.#classCount;
    const fail = (this.#fail[state] ?? 0) * this.#classCount;
    if (state !== 0) this.#dense.copyWithin(row, fail, fail + this.#classCount);
    const end = this.#first[state + 1] ?? 0;
    for (let next = this.#first[state] ?? 0; next < end; next += 1) {
      const unit = this.#unit[next] ?? 0;
      if (unit !== 0) this.#dense[row + unit] = this.#entryOf(next);
    }
  }

  /** Where a state's row begins, or behind all rows a number for one without; its complement where a word ends. */
  #entryOf(state: number): number {
    const entry =
      state < this.#denseCount ? state * this.#classCount : this.#dense.length + state - this.#denseCount;
    return this.#ending[state] === 0 ? entry : ~entry;
  }

  #stateOf(entry: number): number {
    return entry < this.#dense.length
      ? entry / this.#classCount
      : entry - this.#dense.length + this.#denseCount;
  }

  /** The transition of a state that has no row. */
  #step(entry: number, unit: number): number {
    if (unit === 0) return 0;
    let state = this.#stateOf(entry);
    while (state >= this.#denseCount) {
      const next = this.#edge(state, unit);
      if (next !== none) return this.#entryOf(next);
      state = this.#fail[state] ?? 0;
    }
    return this.#dense[state * this.#classCount + unit] ?? 0;
  }

  #edge(state: number, unit: number): number {
    const end = this.#first[state + 1] ?? 0;
    for (let next = this.#first[state] ?? 0; next < end; next += 1)
      if (this.#unit[next] === unit) return next;
    return none;
  }
}

/** Gives each unit of the words a number, from 1 on, and says how many numbers there are, 0 among them. */
function* numberUnits(words: readonly string[], classes: Uint16Array): SlicedWork<number> {
  let [count, work] = [1, 0];
  for (const word of words) {
    for (let index = 0; index < word.length; index += 1) {
      const unit = word.charCodeAt(index);
      if (classes[unit] !== 0 || unit === 0) continue;
      classes[unit] = count;
      count += 1;
    }
    work += 1;
    if (work % sliceOfWork === 0) yield;
  }
  return count;
}

/** The words that go on behind each state, in chains; words are numbered from 1. */
class OpenWords {
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #after: Int32Array;

  /** At first all words, but the empty ones, are behind the root. */
  constructor(words: readonly string[], mostStates: number) {
    this.#first = new Int32Array(mostStates);
    this.#last = new Int32Array(mostStates);
    this.#after = new Int32Array(words.length + 1);
    for (const [index, word] of words.entries()) if (word !== '') this.append(index + 1, 0);
  }

  firstAt(state: number): number {
    return this.#first[state] ?? none;
  }

  after(word: number): number {
    return this.#after[word] ?? none;
  }

  append(word: number, state: number): void {
    const last = this.#last[state] ?? none;
    if (last === none) this.#first[state] = word;
    else this.#after[last] = word;
    this.#last[state] = word;
    this.#after[word] = none;
  }
}
