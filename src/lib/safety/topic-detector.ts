import type { TextSegment } from '../../models/output-text.js';
import { topics, type Policy, type Topic } from '../../models/policy.js';
import { SafetyDetectorPort, type ReportFinding } from '../../ports/safety-detector.js';
import { topicEvidence, type TopicEvidence } from './topic-evidence.js';

const labels: Readonly<Record<Topic, string>> = {
  POLITICS: 'A sentence about politics',
  HEALTH_ADVICE: 'A sentence that gives advice about health',
  FINANCIAL_ADVICE: 'A sentence that gives advice about money',
  LEGAL_CLAIMS: 'A sentence that makes a legal claim',
};

/** How much text without an end of a sentence is read as one. */
const longestSentence = 400;

interface Sentence {
  readonly start: number;
  readonly text: string;
  readonly asks: boolean;
}

/**
 * Finds sentences about topics that a person has to look at. A sentence needs a telling phrase, or both a subject and a
 * stance towards it: a word alone is no evidence.
 */
export class TopicDetector extends SafetyDetectorPort {
  override readonly name = 'TOPIC';

  override detect(segments: readonly TextSegment[], policy: Policy, report: ReportFinding): void {
    const wanted = topics.filter((topic) => policy.topics[topic].action !== 'OFF');
    for (const segment of segments) {
      if (segment.place === 'NUMBER') continue;
      for (const { start, text, asks } of sentencesOf(segment.folded)) {
        for (const topic of wanted) {
          const { action } = policy.topics[topic];
          if (action === 'OFF' || !speaksFor(topicEvidence[topic], text, asks)) continue;
          const hit = { code: 'SENSITIVE_TOPIC', detector: `TOPIC/${topic}`, detail: labels[topic] } as const;
          report({ ...hit, action, segment, start, end: start + text.length });
        }
      }
    }
  }
}

function speaksFor({ plain, subject, stance, asking }: TopicEvidence, text: string, asks: boolean): boolean {
  if (asks && !asking && !/(?<![a-z])why (?:not|don't you)/.test(text)) return false;
  return plain.test(text) || (subject.test(text) && stance.test(text));
}

function* sentencesOf(folded: string): Generator<Sentence> {
  let from = 0;
  for (const { index, 0: stop } of folded.matchAll(/[.!?;]+(?=[\s"')\]]|$)|\n+|$/g)) {
    const end = index + stop.length;
    yield* piecesOf(folded, from, end, stop.includes('?'));
    from = end;
  }
}

/** The sentence without the white space around it, in pieces that end between words when it is very long. */
function* piecesOf(folded: string, first: number, end: number, asks: boolean): Generator<Sentence> {
  let from = first;
  while (from < end) {
    let to = Math.min(end, from + longestSentence);
    if (to < end) {
      const space = folded.slice(from, to).lastIndexOf(' ');
      if (space > 0) to = from + space;
    }
    const piece = folded.slice(from, to);
    const text = piece.trim();
    if (text !== '') yield { start: from + piece.indexOf(text), text, asks };
    from = to;
  }
}
