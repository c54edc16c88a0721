import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { TextSegment } from '../../models/output-text.js';
import type { KeywordRule, Policy } from '../../models/policy.js';
import { SafetyDetectorPort, type ReportFinding } from '../../ports/safety-detector.js';
import { KeywordList } from './keyword-list.js';
import { atOnce, type SlicedWork } from '../../models/sliced-work.js';
import { inSlices } from '../in-slices.js';

/** Finds the policy's keywords and phrases. Lists are compiled once and kept while there is room. */
export class KeywordDetector extends SafetyDetectorPort {
  override readonly name = 'KEYWORD';
  readonly #digests = new WeakMap<readonly KeywordRule[], string>();
  readonly #lists: LRUCache<string, KeywordList>;

  /** The lists that are being made, by their keys. */
  readonly #making = new Map<string, Promise<void>>();

  /** @param memory how much all lists together may take, in their own measure; the last one is kept however large it is. */
  constructor(memory = 2_000_000) {
    super();
    this.#lists = new LRUCache<string, KeywordList>({
      maxSize: memory,
      sizeCalculation: (list) => Math.min(list.size, memory),
    });
  }

  override prepare({ keywords }: Policy): Promise<void> | undefined {
    const key = this.#digests.get(keywords);
    return key !== undefined && this.#lists.has(key) ? undefined : this.#makeReady(keywords);
  }

  async #makeReady(rules: readonly KeywordRule[]): Promise<void> {
    const key = this.#digests.get(rules) ?? (await inSlices(digesting(rules)));
    this.#digests.set(rules, key);
    if (this.#lists.has(key)) return;
    const making = this.#making.get(key) ?? this.#make(key, rules);
    this.#making.set(key, making);
    await making;
  }

  async #make(key: string, rules: readonly KeywordRule[]): Promise<void> {
    try {
      this.#lists.set(key, await inSlices(KeywordList.making(rules)));
    } finally {
      this.#making.delete(key);
    }
  }

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
    const key = this.#keyOf(rules);
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const made = atOnce(KeywordList.making(rules));
    this.#lists.set(key, made);
    return made;
  }

  #keyOf(rules: readonly KeywordRule[]): string {
    const key = this.#digests.get(rules) ?? atOnce(digesting(rules));
    this.#digests.set(rules, key);
    return key;
  }
}

/** What tells one list from another. */
function* digesting(rules: readonly KeywordRule[]): SlicedWork<string> {
  const hash = createHash('sha256');
  for (let from = 0; from < rules.length; from += rulesAtOnce) {
    hash.update(JSON.stringify(rules.slice(from, from + rulesAtOnce)));
    yield;
  }
  return hash.digest('hex');
}

const rulesAtOnce = 256;
