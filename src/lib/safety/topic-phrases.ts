import { topics, type Topic } from '../../models/policy.js';
import { KeywordAutomaton } from './keyword-automaton.js';
import { topicEvidence } from './topic-evidence.js';

/** What a phrase says about a topic. */
export type PhraseRole = 'TELLING' | 'SUBJECT' | 'STANCE' | 'ORDER' | 'AGAINST';

/** One thing that a phrase says; one phrase may say several. */
interface PhraseMeaning {
  readonly topic: Topic;
  readonly role: PhraseRole;
}

/** Takes what a phrase means that was found: where it begins in the searched units, and where its last unit stands. */
type ReportPhrase = (meaning: PhraseMeaning, first: number, last: number) => void;

const space = 0x20;

/** All phrases of all topics, found in one pass over a text. */
export class TopicPhrases {
  readonly #meanings: readonly PhraseMeaning[];
  readonly #automaton: KeywordAutomaton;

  constructor() {
    const phrases = topics.flatMap((topic) => {
      const { telling, subject, stance, orders, against } = topicEvidence[topic];
      return [
        ...phrasesOf(telling, { topic, role: 'TELLING' }),
        ...phrasesOf(subject, { topic, role: 'SUBJECT' }),
        ...phrasesOf(stance, { topic, role: 'STANCE' }),
        ...phrasesOf(orders, { topic, role: 'ORDER' }),
        ...phrasesOf(against, { topic, role: 'AGAINST' }),
      ];
    });
    this.#meanings = phrases.map(([, meaning]) => meaning);
    this.#automaton = KeywordAutomaton.of(phrases.map(([units]) => units));
  }

  search(units: Uint16Array, length: number, report: ReportPhrase): void {
    this.#automaton.search(units, length, (phrase, size, last) => {
      const meaning = this.#meanings[phrase];
      if (meaning !== undefined) report(meaning, last - size + 1, last);
    });
  }
}

function phrasesOf(list: string, meaning: PhraseMeaning): [units: string, meaning: PhraseMeaning][] {
  return list.split(',').map((written) => {
    const words = written.trim().replace(/[\s-]+/g, ' ');
    return [words.endsWith('*') ? ` ${words.slice(0, -1)}` : ` ${words} `, meaning];
  });
}

/** What a unit of a folded text counts as: a letter, a digit or an apostrophe, or else a space between words. */
export function phraseUnit(unit: number): number {
  if (unit >= 0x80) return unit === 0x2026 ? space : unit;
  const isKept = (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39) || unit === 0x27;
  return isKept ? unit : space;
}
