import { plainText } from '../../models/plain-text.js';
import { topics, type Topic } from '../../models/policy.js';
import { KeywordAutomaton } from './keyword-automaton.js';
import { english } from './topics/english.js';
import { french } from './topics/french.js';
import { german } from './topics/german.js';
import { portuguese } from './topics/portuguese.js';
import { spanish } from './topics/spanish.js';
import type { TopicLanguage, TopicWords } from './topics/topic-words.js';

/** What a phrase does for a topic, or for all of them. */
export type PhraseRole =
  'TELLING' | 'SUBJECT' | 'CLAIM' | 'ORDER' | 'IDIOM' | 'BUSINESS' | 'REFUSAL' | 'JOINT' | 'COMMON';

/** One thing that a phrase says; one phrase may say several. */
export interface PhraseMeaning {
  /** Which of {@link topicLanguages} it is in. */
  readonly language: number;
  /** Which of the topics it is about; `undefined` for all of them. */
  readonly topic: Topic | undefined;
  readonly role: PhraseRole;
  /** How much it counts. */
  readonly weight: number;
}

/** Takes what a phrase means that was found: where it begins in the searched units, and where its last unit stands. */
type ReportPhrase = (meaning: PhraseMeaning, first: number, last: number) => void;

/** The languages in which topics are looked for. English is the first. */
export const topicLanguages: readonly TopicLanguage[] = [english, german, french, spanish, portuguese];

/** What the lists of a topic's words count. */
const wordLists: Readonly<Record<keyof TopicWords, readonly [role: PhraseRole, weight: number]>> = {
  telling: ['TELLING', 4],
  sure: ['SUBJECT', 3],
  likely: ['SUBJECT', 2],
  maybe: ['SUBJECT', 1],
  claims: ['CLAIM', 2],
  hints: ['CLAIM', 1],
  orders: ['ORDER', 2],
};

const sharedLists = {
  advice: ['CLAIM', 2],
  idioms: ['IDIOM', 9],
  business: ['BUSINESS', 1],
  refusals: ['REFUSAL', 9],
  joints: ['JOINT', 0],
  common: ['COMMON', 0],
} as const;

const space = 0x20;
const comma = 0x2c;
/** The longest ending that a word may have. */
const longestEnding = 3;

interface Phrase {
  readonly units: string;
  readonly meaning: PhraseMeaning;
  /** What may stand between the phrase and the end of the word; `undefined` for anything. */
  readonly endings: ReadonlySet<string> | undefined;
}

/** All phrases of all topics in all languages, found in one pass over a text. */
export class TopicPhrases {
  readonly #phrases: readonly Phrase[];
  readonly #automaton: KeywordAutomaton;

  constructor() {
    this.#phrases = topicLanguages.flatMap((words, language) => phrasesIn(words, language));
    this.#automaton = KeywordAutomaton.of(this.#phrases.map(({ units }) => units));
  }

  /** The units are as {@link PhraseText} has them. */
  search(units: Uint16Array, length: number, report: ReportPhrase): void {
    this.#automaton.search(units, length, (found, size, last) => {
      const phrase = this.#phrases[found];
      if (phrase === undefined) return;
      const { endings, meaning } = phrase;
      if (endings === undefined) return report(meaning, last - size + 1, last);
      const end = endOfWord(units, last + 1, endings);
      if (end !== undefined) report(meaning, last - size + 1, end);
    });
  }
}

/** Where the word's end stands whose ending begins at a unit; `undefined` if it has another ending. */
function endOfWord(units: Uint16Array, from: number, endings: ReadonlySet<string>): number | undefined {
  if (units[from] === space) return from;
  let ending = '';
  for (let at = from; at < from + longestEnding; at += 1) {
    ending += String.fromCharCode(units[at] ?? 0);
    if (units[at + 1] === space) return endings.has(ending) ? at + 1 : undefined;
  }
  return undefined;
}

function phrasesIn(words: TopicLanguage, language: number): Phrase[] {
  const endings = new Set(itemsOf(words.endings));
  const of = (list: string, meaning: PhraseMeaning): Phrase[] =>
    itemsOf(list).map((written) => phraseOf(written, meaning, endings));
  const shared = Object.entries(sharedLists).flatMap(([list, [role, weight]]) =>
    of(words[list as keyof typeof sharedLists], { language, topic: undefined, role, weight }),
  );
  const own = topics.flatMap((topic) =>
    Object.entries(wordLists).flatMap(([list, [role, weight]]) =>
      of(words.topics[topic][list as keyof TopicWords], { language, topic, role, weight }),
    ),
  );
  return [...shared, ...own];
}

function itemsOf(list: string): string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function phraseOf(written: string, meaning: PhraseMeaning, endings: ReadonlySet<string>): Phrase {
  const text = new PhraseText();
  text.add(plainText(written.replaceAll('*', '')).folded);
  const inner = String.fromCharCode(...text.units.subarray(1, text.length - 1));
  const units = written.startsWith('*') ? inner : ` ${inner}`;
  return { units, meaning, endings: written.endsWith('*') ? undefined : endings };
}

/**
 * A folded text as it is searched for phrases: words with one space between them, a comma as a word of its own, digits
 * apart from letters.
 */
export class PhraseText {
  units = new Uint16Array(64);
  length = 0;

  /** Adds a stretch of a folded text with a space around it, and says where the space before the word at `word` stands. */
  add(folded: string, start = 0, end = folded.length, word = start): number {
    this.#reserve(2 * (end - start) + 4);
    const { units } = this;
    let at = this.length;
    let last = space;
    units[at++] = last;
    let before = this.length;
    for (let index = start; index < end; index += 1) {
      if (index === word) before = last === space ? at - 1 : at;
      const unit = phraseUnit(folded.charCodeAt(index));
      if (unit === comma) {
        if (last !== space) units[at++] = space;
        if (units[at - 2] !== comma) {
          units[at++] = comma;
          units[at++] = space;
        }
        last = space;
        continue;
      }
      if (unit === space && last === space) continue;
      if (isDigit(last) !== isDigit(unit) && last !== space && unit !== space) units[at++] = space;
      units[at++] = unit;
      last = unit;
    }
    if (last !== space) units[at++] = space;
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

/** What a unit of a folded text counts as: a letter, a digit, a comma for what parts clauses, or a space. */
function phraseUnit(unit: number): number {
  if (unit >= 0x80) return unit === 0x2026 || unit === 0xbf || unit === 0xa1 ? space : unit;
  if ((unit >= 0x61 && unit <= 0x7a) || isDigit(unit)) return unit;
  return unit === comma || unit === 0x3a || unit === 0x28 || unit === 0x29 ? comma : space;
}
