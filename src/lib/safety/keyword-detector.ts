import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { TextSegment } from '../../models/output-text.js';
import type { KeywordRule, Policy } from '../../models/policy.js';
import { SafetyDetectorPort, type ReportFinding } from '../../ports/safety-detector.js';
import { KeywordList } from './keyword-list.js';

/** Finds the policy's keywords and phrases. Lists are compiled once and kept while there is room. */
export class KeywordDetector extends SafetyDetectorPort {
  override readonly name = 'KEYWORD';
  readonly #digests = new WeakMap<readonly KeywordRule[], string>();
  readonly #lists = new LRUCache<string, KeywordList>({
    maxSize: 2_000_000,
    sizeCalculation: (list) => list.size,
  });

  override detect(segments: readonly TextSegment[], policy: Policy, report: ReportFinding): void {
    const list = this.#listOf(policy.keywords);
    list.search(segments, ({ rule, segment, start, end }) => {
      if (rule.action === 'OFF') return;
      const detail = `The keyword '${rule.term}'`;
      const detector = `KEYWORD/${rule.term}`;
      report({ code: 'SENSITIVE_KEYWORD', detector, detail, action: rule.action, segment, start, end });
    });
  }

  #listOf(rules: readonly KeywordRule[]): KeywordList {
    const key = this.#digests.get(rules) ?? createHash('sha256').update(JSON.stringify(rules)).digest('hex');
    this.#digests.set(rules, key);
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const made = new KeywordList(rules);
    this.#lists.set(key, made);
    return made;
  }
}
