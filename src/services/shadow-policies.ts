import { Injectable } from '@nestjs/common';
import {
  type Comparison,
  compared,
  type JudgedResult,
  mostExamples,
  type ReplayExample,
  verdictOf,
} from '../models/replay.js';
import type { Policy } from '../models/policy.js';
import type { StagedPolicy } from '../models/staged-policy.js';
import { PolicyTrialsPort, type Shadow, type ShadowVerdict } from '../ports/policy-trials.js';
import { RecordsPort } from '../ports/records.js';
import { ReplayPort } from '../ports/replay.js';
import { draftNotFound } from './refusals.js';
import { Settings } from './settings.js';

/** How a shadow compares with the policy in force, over the results that both have judged. */
export interface ShadowReport {
  readonly draftId: string;
  /** When it began to judge; `null` when it never did. */
  readonly since: Date | null;
  readonly decisions: number;
  readonly agree: number;
  readonly newlyHeld: number;
  readonly newlyReleased: number;
  /** Held by both, but in another way: denied by one of them, for example. */
  readonly otherwise: number;
  readonly examples: {
    readonly newlyHeld: readonly ReplayExample[];
    readonly newlyReleased: readonly ReplayExample[];
  };
}

/** How many shadows judge at a time, of all tenants; those that come later wait for a place. */
const mostShadows = 50;
const pageSize = 100;
/** How long one round may take, in milliseconds; what is left over is for the next. */
const roundMs = 1_000;
const forgottenAtOnce = 5_000;
const dayMs = 24 * 60 * 60 * 1000;

/**
 * Has shadow policies judge what the policy in force has judged. They read results once they are kept, so that no live
 * decision waits for them or knows of them.
 */
@Injectable()
export class ShadowPolicies {
  /** Rules of a draft never change. */
  private readonly known = new Map<string, Policy>();

  constructor(
    private readonly records: RecordsPort,
    private readonly trials: PolicyTrialsPort,
    private readonly replay: ReplayPort,
    private readonly settings: Settings,
  ) {}

  /** @throws DomainError `DRAFT_NOT_FOUND` */
  async report(tenantId: string, draftId: string): Promise<ShadowReport> {
    const draft = await this.records.find('stagedPolicy', tenantId, draftId);
    if (!draft) throw draftNotFound(draftId);
    const counts = await this.trials.countVerdicts(tenantId, draftId);
    const sum = (wanted: Comparison) =>
      counts
        .filter(({ live, shadow }) => compared(live, shadow) === wanted)
        .reduce((all, { count }) => all + count, 0);
    const examples = (wanted: Comparison) => this.trials.examples(tenantId, draftId, wanted, mostExamples);
    return {
      draftId,
      since: draft.shadowedAt,
      decisions: counts.reduce((all, { count }) => all + count, 0),
      agree: sum('SAME'),
      newlyHeld: sum('NEWLY_HELD'),
      newlyReleased: sum('NEWLY_RELEASED'),
      otherwise: sum('OTHERWISE'),
      examples: {
        newlyHeld: await examples('NEWLY_HELD'),
        newlyReleased: await examples('NEWLY_RELEASED'),
      },
    };
  }

  /** Lets every shadow judge some of what it has not judged yet. */
  async sweep(): Promise<void> {
    const shadows = await this.trials.shadows(mostShadows);
    for (const draftId of this.known.keys()) {
      if (!shadows.some((shadow) => shadow.draftId === draftId)) this.known.delete(draftId);
    }
    const end = performance.now() + roundMs;
    let busy = shadows;
    while (busy.length > 0 && performance.now() < end) {
      const left: Shadow[] = [];
      for (const shadow of busy) if ((await this.judgeSome(shadow)) === pageSize) left.push(shadow);
      busy = left;
    }
  }

  /** Removes verdicts that are too old to be kept. */
  async forget(): Promise<void> {
    while ((await this.trials.forgetVerdicts(this.oldest(), forgottenAtOnce)) === forgottenAtOnce);
  }

  private async judgeSome(shadow: Shadow): Promise<number> {
    const policy = await this.policyOf(shadow);
    if (!policy) return 0;
    const { tenantId, draftId } = shadow;
    const since = new Date(Math.max(shadow.since.getTime(), this.oldest().getTime()));
    const results = await this.trials.unjudged({ tenantId, draftId, since }, pageSize);
    if (results.length === 0) return 0;
    const decisions = await this.replay.decide(policy, results);
    const judgedAt = new Date();
    const verdicts = results.flatMap((result, index): ShadowVerdict[] => {
      const decision = decisions[index];
      return decision ? [{ ...verdictAbout(result, decision), tenantId, draftId, judgedAt }] : [];
    });
    await this.trials.keepVerdicts(verdicts);
    return results.length;
  }

  private async policyOf({ tenantId, draftId }: Shadow): Promise<Policy | undefined> {
    const known = this.known.get(draftId);
    if (known) return known;
    const draft = await this.records.find('stagedPolicy', tenantId, draftId);
    if (!draft) return undefined;
    const policy = asPolicy(draft);
    this.known.set(draftId, policy);
    return policy;
  }

  private oldest(): Date {
    return new Date(Date.now() - this.settings.shadowRetentionDays * dayMs);
  }
}

function verdictAbout(
  { resultId, taskId, reviewId, kind, decision }: JudgedResult,
  shadow: JudgedResult['decision'],
): Omit<ShadowVerdict, 'tenantId' | 'draftId' | 'judgedAt'> {
  const holding = shadow.outcome === 'APPROVE' ? decision : shadow;
  const { detectors } = verdictOf(holding);
  return {
    resultId,
    taskId,
    reviewId,
    kind,
    live: decision.outcome,
    shadow: shadow.outcome,
    detectors: detectors.slice(0, mostExamples),
  };
}

/** A draft has no version yet: its decisions carry 0. */
function asPolicy({ rules, createdAt, createdBy }: StagedPolicy): Policy {
  return { ...rules, version: 0, createdAt, createdBy };
}
