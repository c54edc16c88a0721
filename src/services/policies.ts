import { Injectable } from '@nestjs/common';
import type { Caller } from '../models/access.js';
import type { Decision } from '../models/decision.js';
import { DomainError } from '../models/errors.js';
import type { JsonValue } from '../models/json.js';
import type { Page, PageRequest } from '../models/page.js';
import { explain, type Explanation } from '../models/explanation.js';
import { changesBetween, type PolicyChange } from '../models/policy-changes.js';
import type { Policy, PolicyDraft } from '../models/policy.js';
import { LedgerPort, type Rows } from '../ports/ledger.js';
import { PatternCheckerPort } from '../ports/pattern-checker.js';
import { RecordsPort } from '../ports/records.js';
import { Judge } from './judge.js';
import { readPolicy } from './policy-reading.js';
import { loosenessOf, policyInForce, policyInView, putInForce } from './policy-versions.js';
import { draftNotFound, reviewNotFound } from './refusals.js';
import { Settings } from './settings.js';

/** Keeps the tenants' versioned rules. */
@Injectable()
export class Policies {
  constructor(
    private readonly ledger: LedgerPort,
    private readonly records: RecordsPort,
    private readonly judge: Judge,
    private readonly patterns: PatternCheckerPort,
    private readonly settings: Settings,
  ) {}

  /** The policy in force. */
  current(tenantId: string): Promise<Rows['policy']> {
    return policyInForce(this.records, tenantId);
  }

  versions(tenantId: string, page: PageRequest): Promise<Page<Policy>> {
    return this.records.policies(tenantId, page);
  }

  /**
   * Makes a new version, which is in force at once. The same rules again are a new version too.
   *
   * @throws DomainError `POLICY_INVALID` with every fault; `POLICY_NEEDS_SECOND_OPERATOR` when it is looser and the
   * installation asks for four eyes
   */
  async replace(caller: Caller, tenantId: string, body: JsonValue): Promise<Policy> {
    const rules = await readPolicy(body, this.patterns);
    const isLooser = loosenessOf(rules, await this.current(tenantId));
    return this.ledger.transact({
      tenantId,
      needs: { policy: true },
      decide: (view) => {
        const current = policyInView(view, tenantId);
        const looser = isLooser(current);
        if (looser && this.settings.policyFourEyes) throw needsSecondOperator(current, rules);
        return putInForce(view, caller, tenantId, rules, { looser });
      },
    });
  }

  /** What is different between two versions; of very many differences the first. @throws DomainError */
  async diff(tenantId: string, from: PolicyName, to: PolicyName): Promise<PolicyDiff> {
    const current = await this.current(tenantId);
    const [before, after] = [await this.named(current, from), await this.named(current, to)];
    const changes: PolicyChange[] = [];
    let [more, looser] = [0, false];
    for (const change of changesBetween(before, after)) {
      if (changes.length < mostChanges) changes.push(change);
      else more += 1;
      looser ||= change.effect === 'LOOSER';
    }
    return { looser, changes, more };
  }

  /**
   * The decision that an output would get, under the policy in force or under the one given. Nothing is kept.
   *
   * @throws DomainError `POLICY_INVALID`, `VALIDATION_FAILED`
   */
  async evaluate(
    tenantId: string,
    asked: {
      readonly output: JsonValue;
      readonly confidence: number;
      readonly kind: string;
      readonly policy?: JsonValue | undefined;
    },
  ): Promise<Evaluation> {
    const current = await this.current(tenantId);
    const policy =
      asked.policy === undefined
        ? current
        : { ...current, ...(await readPolicy(asked.policy, this.patterns)), version: 0 };
    const { output, confidence, kind } = asked;
    const decision = await this.judge.decide({ output, confidence, kind, policy });
    return { ...decision, explanation: explain({ ...decision, confidence }, policy, kind) };
  }

  /**
   * Why a card is held: what fired, by which rule of the version that held it, and what would have had to be different.
   *
   * @throws DomainError `REVIEW_NOT_FOUND`
   */
  async explainCard(tenantId: string, reviewId: string): Promise<readonly Explanation[]> {
    const card = await this.records.review(tenantId, reviewId);
    if (!card) throw reviewNotFound(reviewId);
    const policy = await this.records.policy(tenantId, card.policyVersion);
    if (!policy) throw new Error(`Tenant ${tenantId} has no version ${card.policyVersion} of its policy.`);
    return explain(card, policy, card.kind);
  }

  private async named(current: Rows['policy'], name: PolicyName): Promise<PolicyDraft> {
    if (name === undefined) return current;
    if (typeof name === 'number') {
      const policy = await this.records.policy(current.tenantId, name);
      if (policy) return policy;
      throw new DomainError('POLICY_VERSION_NOT_FOUND', `There is no version ${name} of the policy.`);
    }
    const draft = await this.records.find('stagedPolicy', current.tenantId, name);
    if (!draft) throw draftNotFound(name);
    return draft.rules;
  }
}

/** How many differences are told. */
const mostChanges = 1000;

/** A version by its number, a draft by its id, or the policy in force. */
export type PolicyName = number | string | undefined;

export interface PolicyDiff {
  readonly looser: boolean;
  readonly changes: readonly PolicyChange[];
  /** How many differences there are beyond those that are told. */
  readonly more: number;
}

export interface Evaluation extends Decision {
  readonly explanation: readonly Explanation[];
}

function needsSecondOperator(current: Policy, rules: PolicyDraft): DomainError {
  const loosenings = [...changesBetween(current, rules)].filter(({ effect }) => effect === 'LOOSER');
  const more = loosenings.length > 3 ? ` And ${loosenings.length - 3} more.` : '';
  const said = loosenings.slice(0, 3).map(({ text }) => text);
  return new DomainError(
    'POLICY_NEEDS_SECOND_OPERATOR',
    `This is looser than the policy in force: ${said.join(' ')}${more} Make a draft of it, backtest it, propose it, and have another operator approve it.`,
  );
}
