import type { TextSegment } from '../../models/output-text.js';
import { topics, type Policy, type Topic } from '../../models/policy.js';
import { UnitReader } from '../../models/text-units.js';
import { SafetyDetectorPort, type ReportFinding } from '../../ports/safety-detector.js';
import { clauseComma, PhraseText } from './phrase-text.js';
import { sentencesOf, type Sentence } from './sentences.js';
import { topicLanguages, TopicPhrases } from './topic-phrases.js';
import { WeighedSentence } from './topic-weighing.js';

const labels: Readonly<Record<Topic, string>> = {
  POLITICS: 'A sentence about politics',
  HEALTH_ADVICE: 'A sentence that gives advice about health',
  FINANCIAL_ADVICE: 'A sentence that gives advice about money',
  LEGAL_CLAIMS: 'A sentence that makes a legal claim',
};

/** Made with the first detector of the process: that takes longer than an event loop may be held. */
let shared: TopicPhrases | undefined;

/** The topics about which a sentence that only asks is, too. */
const asked: readonly Topic[] = ['POLITICS'];

/**
 * Finds sentences about topics that a person has to look at. A sentence needs a telling phrase, or a subject and a claim
 * about it that together weigh enough: a word alone is no evidence.
 */
export class TopicDetector extends SafetyDetectorPort {
  override readonly name = 'TOPIC';
  readonly #phrases = (shared ??= new TopicPhrases());

  override detect(segments: readonly TextSegment[], policy: Policy, report: ReportFinding): void {
    if (topics.every((topic) => policy.topics[topic].action === 'OFF')) return;
    for (const segment of segments) {
      if (segment.place === 'NUMBER' || segment.reading === 'JOINED') continue;
      this.#read(segment, (topic, { start, end }) => {
        const { action } = policy.topics[topic];
        if (action === 'OFF') return;
        const hit = { code: 'SENSITIVE_TOPIC', detector: `TOPIC/${topic}`, detail: labels[topic] } as const;
        report({ ...hit, action, segment, start, end });
      });
    }
  }

  #read({ folded }: TextSegment, report: (topic: Topic, sentence: Sentence) => void): void {
    const { text, sentences } = inSentences(folded);
    const { units, length } = text;
    const phrases = this.#phrases;
    let current = 0;
    const weighed = new WeighedSentence(topicLanguages.length);
    let joint = -1;
    const settle = (): void => {
      const placed = sentences[current];
      if (placed !== undefined && !weighed.isEmpty) {
        const { sentence, from } = placed;
        const to = sentences[current + 1]?.from ?? length;
        for (const topic of weighed.topics(sentence.asks, units, () =>
          phrases.commonWords(units.subarray(from, to)),
        )) {
          if (!sentence.asks || sentence.suggests || asked.includes(topic)) report(topic, sentence);
        }
        weighed.clear();
      }
    };
    phrases.search(units, length, (sense, first, last) => {
      if (first >= (sentences[current + 1]?.from ?? Infinity)) {
        settle();
        current += 1;
        while (first >= (sentences[current + 1]?.from ?? Infinity)) current += 1;
      }
      if (sense.counts) weighed.add({ sense, first, last, begins: isClauseAt(first) });
      if (sense.joint) joint = last;
    });
    settle();

    function isClauseAt(first: number): boolean {
      return first === sentences[current]?.order || first === joint || units[first - 1] === clauseComma;
    }
  }
}

const reader = new UnitReader();

interface PlacedSentence {
  readonly sentence: Sentence;
  /** Where the sentence begins among the units. */
  readonly from: number;
  /** Where an order begins among the units: after words like `please`. */
  readonly order: number;
}

/** The sentences of a text as they are searched. */
function inSentences(folded: string): { text: PhraseText; sentences: PlacedSentence[] } {
  const text = new PhraseText();
  const sentences: PlacedSentence[] = [];
  const units = reader.read(folded);
  for (const sentence of sentencesOf(folded, units)) {
    const from = text.length;
    const order = text.add(units, sentence.start, sentence.end, sentence.order);
    sentences.push({ sentence, from, order });
    text.endSentence();
  }
  return { text, sentences };
}
