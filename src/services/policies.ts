import { Injectable } from '@nestjs/common';
import type { Caller } from '../models/access.js';
import type { Decision } from '../models/decision.js';
import { DomainError } from '../models/errors.js';
import type { JsonValue } from '../models/json.js';
import type { Page, PageRequest } from '../models/page.js';
import { parsePolicyDraft } from '../models/policy-draft.js';
import type { Policy } from '../models/policy.js';
import { LedgerPort } from '../ports/ledger.js';
import { PatternCheckerPort } from '../ports/pattern-checker.js';
import { RecordsPort } from '../ports/records.js';
import { actorOf } from './actor.js';
import { Judge } from './judge.js';

/** Keeps the tenants' versioned rules. */
@Injectable()
export class Policies {
  constructor(
    private readonly ledger: LedgerPort,
    private readonly records: RecordsPort,
    private readonly judge: Judge,
    private readonly patterns: PatternCheckerPort,
  ) {}

  /** The policy in force. */
  async current(tenantId: string): Promise<Policy> {
    const policy = await this.records.policy(tenantId);
    if (!policy) throw new DomainError('TENANT_NOT_FOUND', `There is no tenant ${tenantId}.`);
    return policy;
  }

  versions(tenantId: string, page: PageRequest): Promise<Page<Policy>> {
    return this.records.policies(tenantId, page);
  }

  /**
   * Makes a new version, which is in force at once. The same rules again are a new version too.
   *
   * @throws DomainError `POLICY_INVALID` with every fault
   */
  replace(caller: Caller, tenantId: string, body: JsonValue): Promise<Policy> {
    const draft = parsePolicyDraft(body, (pattern) => this.patterns.check(pattern));
    return this.ledger.transact({
      tenantId,
      needs: { policy: true },
      decide: (view) => {
        const version = (view.policyInForce()?.version ?? 0) + 1;
        const policy = { ...draft, tenantId, version, createdAt: view.now, createdBy: caller.id };
        view.put('policy', policy);
        view.record({ type: 'policy.changed', actor: actorOf(caller), payload: { version } });
        return policy;
      },
    });
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
  ): Promise<Decision> {
    const current = await this.current(tenantId);
    const policy =
      asked.policy === undefined
        ? current
        : {
            ...current,
            ...parsePolicyDraft(asked.policy, (pattern) => this.patterns.check(pattern)),
            version: 0,
          };
    return this.judge.decide({
      output: asked.output,
      confidence: asked.confidence,
      kind: asked.kind,
      policy,
    });
  }
}
