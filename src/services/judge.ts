import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import { setImmediate as breathe } from 'node:timers/promises';
import type { ContentHit } from '../models/content-hit.js';
import type { Decision, Reason } from '../models/decision.js';
import { detectorVersion } from '../models/detector-version.js';
import { validationFailed } from '../models/errors.js';
import { isJsonObject } from '../models/json-reader.js';
import type { JsonValue } from '../models/json.js';
import { readOutput, type OutputText, type ReadLimits, type TextSegment } from '../models/output-text.js';
import { policyFor, type Policy } from '../models/policy.js';
import type { TopicVerdict } from '../models/topic-verdict.js';
import { SAFETY_DETECTORS, type SafetyDetectorPort } from '../ports/safety-detector.js';
import { LargeOutputsPort } from '../ports/large-outputs.js';
import { FindingLedger, gateError, hitsAdded } from './content-hits.js';
import { hitsOfVerdict, recalledVerdict, TopicClassification } from './topic-classification.js';

/** How much the gate reads and how long it lets one detector take; what goes beyond is held for a person. */
export interface JudgeLimits extends ReadLimits {
  /** Wall-clock time for one detector and one output, in milliseconds. */
  readonly detectorBudgetMs: number;
  /** How many reasons a decision lists at most. */
  readonly reasons: number;
  /** From how many UTF-16 code units on an output is looked at in a thread of its own, where there is one. */
  readonly largeLength: number;
}

export const defaultJudgeLimits: JudgeLimits = {
  depth: 64,
  textLength: 4 * 1024 * 1024,
  detectorBudgetMs: 1000,
  reasons: 200,
  largeLength: 2048,
};

/** Injection token of the gate's limits; without a provider the default limits hold. */
export const JUDGE_LIMITS = Symbol('JUDGE_LIMITS');

/** An output to be judged, with the policy of its tenant. */
export interface JudgeInput {
  readonly output: JsonValue;
  /** What the agent says of its own output, 0..1. */
  readonly confidence: number;
  readonly kind: string;
  readonly policy: Policy;
  /** What the external classifier said when this output was judged before: it is not asked again. */
  readonly verdict?: TopicVerdict | undefined;
}

/** What fires in an edit and did not in the original. */
export interface JudgedEdit {
  readonly added: readonly Reason[];
  /** Whether a rule that denies is among what was added. */
  readonly denied: boolean;
  readonly classifier?: TopicVerdict | undefined;
}

/** What fires in an output, and what the external classifier said of it. */
interface Looked {
  readonly hits: readonly ContentHit[];
  readonly classifier?: TopicVerdict | undefined;
}

/**
 * The single gate that every result passes.
 *
 * The same output, confidence, kind, policy version, detector version and verdict of the external classifier give the same
 * decision, always. Whatever keeps the gate from looking, it fails closed: the output is held with the reason `GATE_ERROR`.
 */
@Injectable()
export class Judge {
  readonly #logger = new Logger(Judge.name);
  readonly #detectors: readonly SafetyDetectorPort[];
  readonly #limits: JudgeLimits;
  readonly #largeOutputs: LargeOutputsPort | undefined;
  readonly #classification: TopicClassification | undefined;

  constructor(
    @Inject(SAFETY_DETECTORS) detectors: readonly SafetyDetectorPort[],
    @Optional() @Inject(JUDGE_LIMITS) limits: JudgeLimits = defaultJudgeLimits,
    @Optional() largeOutputs?: LargeOutputsPort,
    @Optional() classification?: TopicClassification,
  ) {
    this.#detectors = detectors;
    this.#limits = limits;
    this.#largeOutputs = largeOutputs;
    this.#classification = classification;
  }

  /**
   * Decides about an output. The gravest action among what fired wins; content outranks confidence.
   *
   * @throws DomainError `VALIDATION_FAILED` for a confidence that is not a number from 0 to 1; `UNAVAILABLE` when too many
   * large outputs are waiting already.
   */
  async decide({ output, confidence, kind, policy, verdict }: JudgeInput): Promise<Decision> {
    if (!(confidence >= 0 && confidence <= 1)) {
      throw validationFailed([{ pointer: '/confidence', message: 'must be a number from 0 to 1' }]);
    }
    const rules = policyFor(policy, kind);
    const { hits, classifier } = await this.#look(output, rules, verdict);
    const { holdBelow, rejectBelow } = rules.confidence;
    const reasons = hits.map((hit) => hit.reason);
    if (confidence < holdBelow || confidence < rejectBelow) reasons.push(lowConfidence(confidence, rules));
    const byContent = gravestAction(hits);
    const byConfidence = confidence < rejectBelow ? 'RETRY' : confidence < holdBelow ? 'HITL' : 'APPROVE';
    const outcome = byContent ?? byConfidence;
    const { version: policyVersion } = policy;
    return { outcome, policyVersion, detectorVersion, reasons, ...(classifier && { classifier }) };
  }

  /** What fires in an output, whatever its confidence; empty when a confident agent's output would be released. */
  async contentReasons(output: JsonValue, policy: Policy, kind: string): Promise<Reason[]> {
    const { hits } = await this.#look(output, policyFor(policy, kind));
    return hits.map((hit) => hit.reason);
  }

  /**
   * What fires in an edited output and did not fire in the original, by detector and matched text. What the external classifier
   * says is about all of a text, and counts as added whenever the text is another.
   */
  async judgeEdit(original: JsonValue, edited: JsonValue, policy: Policy, kind: string): Promise<JudgedEdit> {
    const rules = policyFor(policy, kind);
    const before = await this.#contentHits(original, rules);
    const { hits: after, classifier } = await this.#look(edited, rules);
    const added = hitsAdded(before, after);
    return { added: added.map((hit) => hit.reason), denied: gravestAction(added) === 'DENY', classifier };
  }

  /** The external classifier comes last, so that it is not sent what is to stay inside. */
  async #look(output: JsonValue, rules: Policy, verdict?: TopicVerdict): Promise<Looked> {
    const hits = await this.#contentHits(output, rules);
    const classifier = verdict
      ? recalledVerdict(verdict, rules, hits)
      : await this.#classification?.ask(output, rules, hits);
    return classifier ? { hits: [...hits, ...hitsOfVerdict(classifier, rules)], classifier } : { hits };
  }

  async #contentHits(output: JsonValue, rules: Policy): Promise<readonly ContentHit[]> {
    if (this.#largeOutputs === undefined || !isLarge(output, this.#limits.largeLength)) {
      return this.hitsHere(output, rules);
    }
    const hits = await this.#largeOutputs.hits(output, rules);
    return hits ?? [gateError('GATE/THREAD', 'The output could not be looked at.')];
  }

  /** What fires in an output under the rules for its kind, found in this thread however large it is. */
  async hitsHere(output: JsonValue, rules: Policy): Promise<readonly ContentHit[]> {
    const ledger = new FindingLedger(this.#limits.reasons);
    const failures: ContentHit[] = [];
    let begun = performance.now();
    const segments = this.#read(output, failures);
    for (const detector of this.#detectors) {
      if (performance.now() - begun > turnMs) {
        await breathe();
        begun = performance.now();
      }
      try {
        const ready = detector.prepare?.(rules);
        if (ready !== undefined) await ready;
        await this.#ask(detector, segments, rules, ledger);
      } catch (error) {
        this.#logger.error({ msg: 'A safety detector failed', detector: detector.name, ...causeOf(error) });
        failures.push(gateError(detector.name, `The detector ${detector.name} did not finish its work.`));
      }
    }
    return [...ledger.hits(), ...failures];
  }

  #read(output: JsonValue, failures: ContentHit[]): readonly TextSegment[] {
    try {
      const { segments, exceeded } = readOutput(output, this.#limits);
      if (exceeded !== undefined) failures.push(gateError('GATE/LIMITS', this.#limitDetail(exceeded)));
      return segments;
    } catch (error) {
      this.#logger.error({ msg: 'An output could not be read', ...causeOf(error) });
      failures.push(gateError('GATE/READER', 'The output could not be read.'));
      return [];
    }
  }

  #limitDetail(exceeded: NonNullable<OutputText['exceeded']>): string {
    switch (exceeded) {
      case 'DEPTH':
        return `The output is nested more than ${this.#limits.depth} deep; what is deeper was not read.`;
      case 'LENGTH':
        return `The output holds more than ${this.#limits.textLength} characters; the rest was not read.`;
      case 'DECODED':
        return `The output decodes to more than ${this.#limits.textLength} characters, which were not read.`;
    }
  }

  async #ask(
    detector: SafetyDetectorPort,
    segments: readonly TextSegment[],
    rules: Policy,
    ledger: FindingLedger,
  ): Promise<void> {
    const budget = this.#limits.detectorBudgetMs;
    const started = performance.now();
    let open = true;
    const work = detector.detect(segments, rules, (finding) => {
      if (open) ledger.add(finding);
    });
    try {
      if (work !== undefined) await within(work, budget);
    } finally {
      open = false;
    }
    if (performance.now() - started > budget) throw new BudgetExceeded();
  }
}

/** Whether an output's texts have so many units; each text counts as a few more than it has. */
function isLarge(output: JsonValue, length: number): boolean {
  let left = length;
  const open: JsonValue[] = [output];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    left -= typeof value === 'string' ? value.length + perText : perText;
    if (left <= 0) return true;
    if (typeof value !== 'object' || value === null) continue;
    if (!isJsonObject(value)) {
      if (value.length * perText >= left) return true;
      open.push(...value);
    } else {
      for (const [name, member] of Object.entries(value)) {
        left -= name.length + perText;
        if (left <= 0) return true;
        open.push(member);
      }
    }
  }
  return left <= 0;
}

const perText = 8;

/** After how long the event loop is left to others before the next detector, in milliseconds. */
const turnMs = 1;

class BudgetExceeded extends Error {
  override readonly name = 'BudgetExceeded';
}

async function within(work: Promise<void>, budgetMs: number): Promise<void> {
  const { promise: deadline, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new BudgetExceeded()), budgetMs);
  try {
    await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** An error's name and where it was thrown. Its message stays out: it may quote the output. */
function causeOf(error: unknown): { error: string; stack: string[] } {
  if (!(error instanceof Error)) return { error: typeof error, stack: [] };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { error: error.name, stack: frames.map((line) => line.trim()) };
}

function lowConfidence(confidence: number, { confidence: { holdBelow, rejectBelow } }: Policy): Reason {
  const band = confidence < rejectBelow ? `rejectBelow ${rejectBelow}` : `holdBelow ${holdBelow}`;
  const detail = `The confidence ${confidence} is below the policy's ${band}.`;
  return { code: 'LOW_CONFIDENCE', detector: 'CONFIDENCE', detail, pointer: null, start: null, end: null };
}

function gravestAction(hits: readonly ContentHit[]): 'DENY' | 'HITL' | undefined {
  if (hits.length === 0) return undefined;
  return hits.some((hit) => hit.action === 'DENY') ? 'DENY' : 'HITL';
}
