import type { TextSegment } from '../../models/output-text.js';
import { topics, type Policy, type Topic } from '../../models/policy.js';
import { SafetyDetectorPort, type ReportFinding } from '../../ports/safety-detector.js';
import { sentencesOf, type Sentence } from './sentences.js';
import { topicEvidence } from './topic-evidence.js';
import { phraseUnit, TopicPhrases, type PhraseRole } from './topic-phrases.js';

const labels: Readonly<Record<Topic, string>> = {
  POLITICS: 'A sentence about politics',
  HEALTH_ADVICE: 'A sentence that gives advice about health',
  FINANCIAL_ADVICE: 'A sentence that gives advice about money',
  LEGAL_CLAIMS: 'A sentence that makes a legal claim',
};

const phrases = new TopicPhrases();

/** What was found in one sentence for one topic. */
type Evidence = Partial<Record<PhraseRole, { first: number; last: number }[]>>;

/**
 * Finds sentences about topics that a person has to look at. A sentence needs a telling phrase, or both a subject and a
 * stance towards it that do not share their words: a word alone is no evidence. A phrase that shows that something else
 * is meant outweighs a subject and a stance.
 */
export class TopicDetector extends SafetyDetectorPort {
  override readonly name = 'TOPIC';

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
    const { units, length, sentences } = inSentences(folded);
    let current = 0;
    let found = new Map<Topic, Evidence>();
    const settle = (): void => {
      const sentence = sentences[current]?.sentence;
      for (const [topic, evidence] of found) {
        if (sentence && speaksFor(evidence, sentence.asks && !topicEvidence[topic].asking, sentence)) {
          report(topic, sentence);
        }
      }
      if (found.size > 0) found = new Map();
    };
    phrases.search(units, length, ({ topic, role }, first, last) => {
      while (first >= (sentences[current + 1]?.from ?? Infinity)) {
        settle();
        current += 1;
      }
      if (role === 'ORDER' && first !== sentences[current]?.order) return;
      const evidence = found.get(topic) ?? {};
      found.set(topic, evidence);
      (evidence[role] ??= []).push({ first, last });
    });
    settle();
  }
}

interface PlacedSentence {
  readonly sentence: Sentence;
  /** Where the sentence begins among the units. */
  readonly from: number;
  /** Where an order begins among the units: after words like `please`. */
  readonly order: number;
}

/** The sentences of a text as units to be searched, with a space around and a 0 after each. */
function inSentences(folded: string): { units: Uint16Array; length: number; sentences: PlacedSentence[] } {
  const sentences: PlacedSentence[] = [];
  const units = new Uint16Array(2 * folded.length + 3);
  let length = 0;
  for (const sentence of sentencesOf(folded)) {
    const from = length;
    let order = from;
    let last = 0x20;
    units[length++] = last;
    for (let index = sentence.start; index < sentence.end; index += 1) {
      const unit = phraseUnit(folded.charCodeAt(index));
      if (index === sentence.order) order = last === 0x20 ? length - 1 : length;
      if (unit === 0x20 && last === 0x20) continue;
      units[length++] = unit;
      last = unit;
    }
    if (last !== 0x20) units[length++] = 0x20;
    length += 1;
    sentences.push({ sentence, from, order });
  }
  return { units, length, sentences };
}

function speaksFor(found: Evidence, onlyAsks: boolean, { suggests }: Sentence): boolean {
  if (onlyAsks && !suggests) return false;
  if (found.TELLING) return true;
  if (found.AGAINST || !found.SUBJECT) return false;
  const stances = [...(found.STANCE ?? []), ...(found.ORDER ?? [])];
  return found.SUBJECT.some((subject) =>
    stances.some((stance) => stance.last <= subject.first || stance.first >= subject.last),
  );
}
