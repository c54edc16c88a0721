import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import type { Decision, Reason } from '../models/decision.js';
import { validationFailed } from '../models/errors.js';
import type { JsonValue } from '../models/json.js';
import { readOutput, type ReadLimits, type TextSegment } from '../models/output-text.js';
import { policyFor, type Policy } from '../models/policy.js';
import { SAFETY_DETECTORS, type SafetyDetectorPort } from '../ports/safety-detector.js';
import { FindingLedger, gateError, hitsAdded, type ContentHit } from './content-hits.js';

/** How much the gate reads and how long it lets one detector take; what goes beyond is held for a person. */
export interface JudgeLimits extends ReadLimits {
  /** Wall-clock time for one detector and one output, in milliseconds. */
  readonly detectorBudgetMs: number;
  /** How many reasons a decision lists at most. */
  readonly reasons: number;
}

export const defaultJudgeLimits: JudgeLimits = {
  depth: 64,
  textLength: 4 * 1024 * 1024,
  detectorBudgetMs: 1000,
  reasons: 200,
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
}

/**
 * The single gate that every result passes.
 *
 * The same output, confidence, kind and policy version give the same decision, always. Whatever keeps the gate from
 * looking, it fails closed: the output is held with the reason `GATE_ERROR`.
 */
@Injectable()
export class Judge {
  readonly #logger = new Logger(Judge.name);
  readonly #detectors: readonly SafetyDetectorPort[];
  readonly #limits: JudgeLimits;

  constructor(
    @Inject(SAFETY_DETECTORS) detectors: readonly SafetyDetectorPort[],
    @Optional() @Inject(JUDGE_LIMITS) limits: JudgeLimits = defaultJudgeLimits,
  ) {
    this.#detectors = detectors;
    this.#limits = limits;
  }

  /**
   * Decides about an output. The gravest action among what fired wins; content outranks confidence.
   *
   * @throws DomainError `VALIDATION_FAILED` for a confidence that is not a number from 0 to 1.
   */
  async decide({ output, confidence, kind, policy }: JudgeInput): Promise<Decision> {
    if (!(confidence >= 0 && confidence <= 1)) {
      throw validationFailed([{ pointer: '/confidence', message: 'must be a number from 0 to 1' }]);
    }
    const rules = policyFor(policy, kind);
    const hits = await this.#contentHits(output, rules);
    const { holdBelow, rejectBelow } = rules.confidence;
    const reasons = hits.map((hit) => hit.reason);
    if (confidence < holdBelow || confidence < rejectBelow) reasons.push(lowConfidence(confidence, rules));
    const byContent = gravestAction(hits);
    const byConfidence = confidence < rejectBelow ? 'RETRY' : confidence < holdBelow ? 'HITL' : 'APPROVE';
    return { outcome: byContent ?? byConfidence, policyVersion: policy.version, reasons };
  }

  /** What fires in an output, whatever its confidence; empty when a confident agent's output would be released. */
  async contentReasons(output: JsonValue, policy: Policy, kind: string): Promise<Reason[]> {
    const hits = await this.#contentHits(output, policyFor(policy, kind));
    return hits.map((hit) => hit.reason);
  }

  /**
   * What fires in an edited output and did not fire in the original, by detector and matched text, and whether a rule that
   * denies is among it.
   */
  async judgeEdit(
    original: JsonValue,
    edited: JsonValue,
    policy: Policy,
    kind: string,
  ): Promise<{ readonly added: readonly Reason[]; readonly denied: boolean }> {
    const rules = policyFor(policy, kind);
    const before = await this.#contentHits(original, rules);
    const after = await this.#contentHits(edited, rules);
    const added = hitsAdded(before, after);
    return { added: added.map((hit) => hit.reason), denied: gravestAction(added) === 'DENY' };
  }

  async #contentHits(output: JsonValue, rules: Policy): Promise<ContentHit[]> {
    const ledger = new FindingLedger(this.#limits.reasons);
    const failures: ContentHit[] = [];
    const segments = this.#read(output, failures);
    for (const detector of this.#detectors) {
      try {
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

  #limitDetail(exceeded: 'DEPTH' | 'LENGTH'): string {
    return exceeded === 'DEPTH'
      ? `The output is nested more than ${this.#limits.depth} deep; what is deeper was not read.`
      : `The output holds more than ${this.#limits.textLength} characters; the rest was not read.`;
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
