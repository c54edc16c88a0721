import { LRUCache } from 'lru-cache';
import type { TextSegment } from '../../models/output-text.js';
import type { PatternRule, Policy } from '../../models/policy.js';
import { SafetyDetectorPort, type ReportFinding } from '../../ports/safety-detector.js';
import { atOnce, type SlicedWork } from '../../models/sliced-work.js';
import { inSlices } from '../in-slices.js';
import { makeEngineReady, TenantPattern } from './tenant-pattern.js';

/** How many matches of one pattern in one text are reported one by one; the next one stands for all that follow. */
const mostMatches = 32;

/** Finds what the tenant's own patterns match. Compiled patterns are kept while there is room. */
export class PatternDetector extends SafetyDetectorPort {
  override readonly name = 'PATTERN';
  readonly #patterns: LRUCache<string, TenantPattern>;

  /**
   * @param budgetMs after which no further pattern is begun, and the detector throws.
   * @param memory how much all compiled patterns together may take, in their own measure: some 150 bytes each.
   */
  constructor(
    readonly budgetMs = 1000,
    memory = 1_000_000,
  ) {
    super();
    makeEngineReady();
    this.#patterns = new LRUCache<string, TenantPattern>({
      maxSize: memory,
      sizeCalculation: (pattern) => pattern.size,
      dispose: (pattern) => pattern.free(),
    });
  }

  override prepare({ patterns }: Policy): Promise<void> | undefined {
    const unknown = patterns.filter(
      ({ pattern, action }) => action !== 'OFF' && !this.#patterns.has(pattern),
    );
    return unknown.length === 0 ? undefined : inSlices(this.#compiling(unknown));
  }

  *#compiling(rules: readonly PatternRule[]): SlicedWork<void> {
    for (const { pattern } of rules) {
      yield* this.#compiled(pattern);
      yield;
    }
  }

  override detect(segments: readonly TextSegment[], policy: Policy, report: ReportFinding): void {
    const started = performance.now();
    for (const rule of policy.patterns) {
      if (rule.action === 'OFF') continue;
      const pattern = atOnce(this.#compiled(rule.pattern));
      for (const segment of segments) {
        if (performance.now() - started > this.budgetMs) throw new Error('The patterns took too long');
        search(pattern, rule, segment, report);
      }
    }
  }

  *#compiled(source: string): SlicedWork<TenantPattern> {
    const known = this.#patterns.get(source);
    if (known !== undefined) return known;
    const made = yield* TenantPattern.making(source);
    // Another output may have had it compiled meanwhile: what is replaced gives its memory back.
    this.#patterns.set(source, made);
    return made;
  }
}

function search(
  pattern: TenantPattern,
  rule: PatternRule,
  segment: TextSegment,
  report: ReportFinding,
): void {
  if (rule.action === 'OFF') return;
  const hit = { code: 'SENSITIVE_PATTERN', detector: `PATTERN/${rule.name}`, action: rule.action } as const;
  const detail = `The pattern '${rule.name}'`;
  let found = pattern.findFrom(segment.plain, 0);
  if (found === undefined) return;
  const place = bytePlaces(segment.plain);
  let from = 0;
  for (let count = 1; found !== undefined; count += 1) {
    const start = place(found.start);
    const end = count < mostMatches ? place(found.end) : segment.plain.length;
    report({ ...hit, detail, segment, start, end });
    if (found.end <= from || count === mostMatches) return;
    from = found.end;
    found = pattern.findFrom(segment.plain, from);
  }
}

/** From a place in the text's UTF-8 form to the place in the text. */
function bytePlaces(text: string): (byte: number) => number {
  const bytes = Buffer.from(text);
  if (bytes.length === text.length) return (byte) => byte;
  return (byte) => bytes.toString('utf8', 0, byte).length;
}
