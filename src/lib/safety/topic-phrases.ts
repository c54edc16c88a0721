import { plainText } from '../../models/plain-text.js';
import { topics } from '../../models/policy.js';
import { UnitReader } from '../../models/text-units.js';
import { KeywordAutomaton } from './keyword-automaton.js';
import { PhraseText, wordSpace } from './phrase-text.js';
import { english } from './topics/english.js';
import { french } from './topics/french.js';
import { german } from './topics/german.js';
import { portuguese } from './topics/portuguese.js';
import { spanish } from './topics/spanish.js';
import type { TopicLanguage, TopicWords } from './topics/topic-words.js';

/** What a phrase says in one language. Lists are in the order of the topics; 0 is nothing. */
export interface PhraseSense {
  /** Which of {@link topicLanguages} it is in. */
  readonly language: number;
  /** How much it counts as a topic's subject, as a claim, and as one where a clause begins with it. */
  readonly subjects: readonly number[];
  readonly claims: readonly number[];
  readonly orders: readonly number[];
  /** How much it counts as business of a service. */
  readonly business: number;
  /** A bit for each topic that it is all but enough for. */
  readonly telling: number;
  readonly idiom: boolean;
  readonly refusal: boolean;
  /** Whether what follows is not covered by a refusal before it. */
  readonly turn: boolean;
  /** Whether a clause that begins with it is a condition. */
  readonly condition: boolean;
  /** Whether a clause begins behind it. */
  readonly joint: boolean;
  /** Whether one knows the language by it. */
  readonly common: boolean;
  /** Whether it says anything but that. */
  readonly counts: boolean;
}

/** A phrase that stands in a sentence: where it begins among the searched units, and where its last unit stands. */
export interface FoundPhrase {
  readonly sense: PhraseSense;
  readonly first: number;
  readonly last: number;
  /** Whether a clause begins with it. */
  readonly begins: boolean;
}

/** Takes what a phrase says that was found: where it begins in the searched units, and where its last unit stands. */
type ReportPhrase = (sense: PhraseSense, first: number, last: number) => void;

/** The languages in which topics are looked for. English is the first. */
export const topicLanguages: readonly TopicLanguage[] = [english, german, french, spanish, portuguese];

/** What the lists of a topic's words count. */
const ownLists: Readonly<
  Record<keyof TopicWords, readonly [part: 'subjects' | 'claims' | 'orders', weight: number]>
> = {
  telling: ['subjects', 4],
  sure: ['subjects', 3],
  likely: ['subjects', 2],
  maybe: ['subjects', 1],
  claims: ['claims', 2],
  hints: ['claims', 1],
  orders: ['orders', 2],
};

/** What the lists count that are about whatever topic. */
const sharedLists = {
  advice: ['claims', 2],
  hints: ['claims', 1],
  orders: ['orders', 2],
} as const;

/** The longest ending that a word may have. */
const longestEnding = 3;

const languageBits = 3;
const languageMask = (1 << languageBits) - 1;
const openBit = 1 << languageBits;

/** A sense that is being put together. */
type GrowingSense = {
  -readonly [Part in keyof PhraseSense]: PhraseSense[Part] extends readonly number[]
    ? number[]
    : PhraseSense[Part];
};

interface Phrase {
  readonly units: string;
  readonly sense: GrowingSense;
  /** Whether anything may stand between the phrase and the end of the word, and not only an ending. */
  readonly open: boolean;
}

/** Phrases, found in one pass over a text. */
class PhraseList {
  readonly #automaton: KeywordAutomaton;
  /** What phrases say, each once: thousands of them say the same. */
  readonly #senses: PhraseSense[] = [];
  /**
   * For each phrase the number of its sense, above a bit for whether it is open and {@link languageBits} for its language.
   * Those of the same units stand together; where they begin, and where the last ones end.
   */
  readonly #phrases: Int32Array;
  readonly #firsts: Int32Array;

  constructor(
    phrases: readonly Phrase[],
    /** The languages that have an ending, a bit for each. */
    private readonly endings: ReadonlyMap<number, number>,
  ) {
    const byUnits = Map.groupBy(phrases, ({ units }) => units);
    this.#automaton = KeywordAutomaton.of([...byUnits.keys()]);
    this.#phrases = Int32Array.from([...byUnits.values()].flat(), this.#senseTeller());
    this.#firsts = new Int32Array(byUnits.size + 1);
    let [group, next] = [0, 0];
    for (const same of byUnits.values()) this.#firsts[(group += 1)] = next += same.length;
  }

  #senseTeller(): (phrase: Phrase) => number {
    const known = new Map<number, number>();
    return ({ sense, open }) => {
      const said = numberOf(sense);
      const number = known.get(said) ?? this.#senses.push(sense) - 1;
      known.set(said, number);
      return (((number << 1) | Number(open)) << languageBits) | sense.language;
    };
  }

  /** The units are as {@link PhraseText} has them. */
  search(units: Uint16Array, length: number, report: ReportPhrase): void {
    const [phrases, firsts, senses] = [this.#phrases, this.#firsts, this.#senses];
    let [place, end, languages] = [-1, 0, 0];
    this.#automaton.search(units, length, (found, size, last) => {
      if (place !== last) {
        place = last;
        end = endOfWord(units, last + 1);
        languages = this.#languagesThatEnd(units, last + 1, end);
      }
      const behind = firsts[found + 1] ?? 0;
      for (let index = firsts[found] ?? 0; index < behind; index += 1) {
        const phrase = phrases[index] ?? 0;
        const isOpen = (phrase & openBit) !== 0;
        if (!isOpen && (languages & (1 << (phrase & languageMask))) === 0) continue;
        const sense = senses[phrase >> (languageBits + 1)];
        if (sense !== undefined) report(sense, last - size + 1, isOpen ? last : end);
      }
    });
  }

  /** The languages, a bit for each, in which a word may end with the units up to the space behind it. */
  #languagesThatEnd(units: Uint16Array, from: number, end: number): number {
    if (end === from) return ~0;
    if (end > from + longestEnding) return 0;
    let ending = 0;
    for (let at = from; at < end; at += 1) ending = ending * 0x10000 + (units[at] ?? 0);
    return this.endings.get(ending) ?? 0;
  }
}

/** A number that no other sense has. */
function numberOf({ subjects, claims, orders, ...rest }: PhraseSense): number {
  const { language, business, telling, idiom, refusal, turn, condition, joint, common, counts } = rest;
  let number = language;
  for (const weight of subjects) number = number * 8 + weight;
  for (const weight of claims) number = number * 4 + weight;
  for (const weight of orders) number = number * 4 + weight;
  number = (number * 2 + business) * 16 + telling;
  for (const flag of [idiom, refusal, turn, condition, joint, common, counts])
    number = number * 2 + Number(flag);
  return number;
}

/** All phrases of all topics in all languages. */
export class TopicPhrases {
  readonly #telling: PhraseList;
  readonly #common: PhraseList;

  constructor() {
    const phrases = topicLanguages.flatMap(phrasesIn);
    const endings = endingsOf(topicLanguages);
    this.#telling = new PhraseList(
      phrases.filter(({ sense }) => sense.counts || sense.joint),
      endings,
    );
    this.#common = new PhraseList(
      phrases.filter(({ sense }) => sense.common),
      endings,
    );
  }

  /** Searches for all that say anything but which language it is. The units are as {@link PhraseText} has them. */
  search(units: Uint16Array, length: number, report: ReportPhrase): void {
    this.#telling.search(units, length, report);
  }

  /** How many words the units have by which one knows a language, for each language. */
  commonWords(units: Uint16Array): readonly number[] {
    const counts = topicLanguages.map(() => 0);
    this.#common.search(units, units.length, ({ language }) => {
      counts[language] = (counts[language] ?? 0) + 1;
    });
    return counts;
  }
}

function endingsOf(languages: readonly TopicLanguage[]): ReadonlyMap<number, number> {
  const endings = new Map<number, number>();
  for (const [language, words] of languages.entries()) {
    for (const ending of itemsOf(words.endings).map(endingOf))
      endings.set(ending, (endings.get(ending) ?? 0) | (1 << language));
  }
  return endings;
}

/** Where the space behind a word stands, or a place that is too far for an ending. */
function endOfWord(units: Uint16Array, from: number): number {
  let end = from;
  while (units[end] !== wordSpace && end <= from + longestEnding) end += 1;
  return end;
}

function endingOf(letters: string): number {
  return [...letters].reduce((ending, letter) => ending * 0x10000 + letter.charCodeAt(0), 0);
}

/** The phrases of one language, each once, with all that it says. */
function phrasesIn(words: TopicLanguage, language: number): Phrase[] {
  const phrases = new Map<string, Phrase>();
  const senseOf = (written: string): GrowingSense => {
    const open = written.endsWith('*');
    const units = unitsOf(written);
    const key = open ? `${units}*` : units;
    const phrase = phrases.get(key) ?? { units, sense: nothing(language), open };
    phrases.set(key, phrase);
    return phrase.sense;
  };
  for (const [index, topic] of topics.entries()) sayOwn(words.topics[topic], index, senseOf);
  sayShared(words, senseOf);
  return [...phrases.values()];
}

function nothing(language: number): GrowingSense {
  const none = (): number[] => topics.map(() => 0);
  return {
    ...{ language, subjects: none(), claims: none(), orders: none(), business: 0, telling: 0 },
    ...{
      idiom: false,
      refusal: false,
      turn: false,
      condition: false,
      joint: false,
      common: false,
      counts: false,
    },
  };
}

/** Says of the senses of a topic's words what their lists mean. */
function sayOwn(words: TopicWords, topic: number, senseOf: (written: string) => GrowingSense): void {
  for (const [list, [part, weight]] of Object.entries(ownLists)) {
    for (const written of itemsOf(words[list as keyof TopicWords])) {
      const sense = senseOf(written);
      sense[part][topic] = Math.max(sense[part][topic] ?? 0, weight);
      sense.counts = true;
      if (list === 'telling') sense.telling |= 1 << topic;
    }
  }
}

/** Says of the senses of the words that are about whatever topic what their lists mean. */
function sayShared(words: TopicLanguage, senseOf: (written: string) => GrowingSense): void {
  for (const [list, [part, weight]] of Object.entries(sharedLists)) {
    for (const written of itemsOf(words[list as keyof typeof sharedLists])) {
      const sense = senseOf(written);
      sense[part] = sense[part].map((own) => Math.max(own, weight));
      sense.counts = true;
    }
  }
  for (const written of itemsOf(words.business))
    Object.assign(senseOf(written), { business: 1, counts: true });
  for (const written of itemsOf(words.idioms)) Object.assign(senseOf(written), { idiom: true, counts: true });
  for (const written of itemsOf(words.refusals))
    Object.assign(senseOf(written), { refusal: true, counts: true });
  for (const written of itemsOf(words.turns)) Object.assign(senseOf(written), { turn: true, counts: true });
  for (const written of itemsOf(words.conditions))
    Object.assign(senseOf(written), { condition: true, counts: true });
  for (const written of itemsOf(words.joints)) senseOf(written).joint = true;
  for (const written of itemsOf(words.common)) senseOf(written).common = true;
}

function itemsOf(list: string): string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** A written phrase as it stands among the units of a text. */
function unitsOf(written: string): string {
  const bare = written.replaceAll('*', '');
  const inner = plainWords.test(bare) ? bare : foldedUnits(bare);
  return written.startsWith('*') ? inner : ` ${inner}`;
}

/** What stands among the units of a text as it is written: most phrases, of which there are thousands to make ready at a start. */
const plainWords = /^[a-z]+(?: [a-z]+)*$/u;

const reader = new UnitReader();

function foldedUnits(written: string): string {
  const text = new PhraseText();
  const { folded } = plainText(written);
  text.add(reader.read(folded), 0, folded.length);
  return String.fromCharCode(...text.units.subarray(1, text.length - 1));
}
