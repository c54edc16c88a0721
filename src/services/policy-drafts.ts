import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import type { Caller } from '../models/access.js';
import type { AuditType } from '../models/audit.js';
import {
  type AskedProof,
  type Backtest,
  freshBacktestMs,
  longestBacktestMs,
  shortcomingOf,
} from '../models/backtest.js';
import { digestOf } from '../models/digest.js';
import { DomainError } from '../models/errors.js';
import type { JsonObject, JsonValue } from '../models/json.js';
import type { Page, PageRequest } from '../models/page.js';
import {
  discarded,
  inForce,
  mostShadowsAtOnce,
  proposed,
  shadowed,
  type StagedPolicy,
} from '../models/staged-policy.js';
import { LedgerPort, type LedgerView, type Needs } from '../ports/ledger.js';
import { PatternCheckerPort } from '../ports/pattern-checker.js';
import { PolicyTrialsPort } from '../ports/policy-trials.js';
import { RecordsPort } from '../ports/records.js';
import { actorOf } from './actor.js';
import { readPolicy } from './policy-reading.js';
import { loosenessOf, policyInForce, policyInView, putInForce } from './policy-versions.js';
import { backtestNotFound, draftNotFound } from './refusals.js';

/**
 * Brings policies into force step by step: drafted, judging in the shadow of the one in force, proposed, approved. A tighter
 * one is in force once it is proposed; a looser one needs a backtest and a second operator.
 */
@Injectable()
export class PolicyDrafts {
  constructor(
    private readonly ledger: LedgerPort,
    private readonly records: RecordsPort,
    private readonly patterns: PatternCheckerPort,
    private readonly trials: PolicyTrialsPort,
  ) {}

  list(tenantId: string, page: PageRequest): Promise<Page<StagedPolicy>> {
    return this.records.stagedPolicies(tenantId, page);
  }

  /** @throws DomainError `DRAFT_NOT_FOUND` */
  async get(tenantId: string, draftId: string): Promise<StagedPolicy> {
    const draft = await this.records.find('stagedPolicy', tenantId, draftId);
    if (!draft) throw draftNotFound(draftId);
    return draft;
  }

  /** Writes a policy down. It judges nothing yet. @throws DomainError `POLICY_INVALID` with every fault */
  async draft(caller: Caller, tenantId: string, policy: JsonValue, note?: string): Promise<StagedPolicy> {
    const rules = await readPolicy(policy, this.patterns);
    const rulesDigest = digestOf(rules);
    return this.ledger.transact({
      tenantId,
      needs: {},
      decide: (view) => {
        const draft: StagedPolicy = {
          tenantId,
          draftId: uuidv7(),
          rules,
          rulesDigest,
          note: note ?? null,
          state: 'DRAFT',
          createdAt: view.now,
          createdBy: caller.id,
          shadowedAt: null,
          looser: null,
          proposedAt: null,
          proposedBy: null,
          proposedOver: null,
          backtestId: null,
          replayed: null,
          approvedAt: null,
          approvedBy: null,
          policyVersion: null,
          closedAt: null,
          version: 1,
        };
        keep(view, caller, 'policy.drafted', draft);
        return draft;
      },
    });
  }

  /**
   * Has the draft judge what comes, beside the policy in force.
   *
   * @throws DomainError `DRAFT_NOT_FOUND`, `DRAFT_STATE_CONFLICT`, `TOO_MANY_SHADOWS`
   */
  shadow(caller: Caller, tenantId: string, draftId: string): Promise<StagedPolicy> {
    return this.change(tenantId, draftId, { trials: true }, (view, draft) => {
      const changed = shadowed(draft, view.now);
      if (changed === draft) return draft;
      if (view.trialsUnderWay().shadows >= mostShadowsAtOnce) throw tooManyShadows();
      keep(view, caller, 'policy.shadowed', changed);
      return changed;
    });
  }

  /** Drops the draft, and ends its shadow. @throws DomainError `DRAFT_NOT_FOUND`, `DRAFT_STATE_CONFLICT` */
  async discard(caller: Caller, tenantId: string, draftId: string): Promise<void> {
    await this.change(tenantId, draftId, {}, (view, draft) => {
      const changed = discarded(draft, view.now);
      if (changed !== draft) keep(view, caller, 'policy.discarded', changed);
      return changed;
    });
  }

  /**
   * Proposes the draft to follow the policy in force. One that is not looser is in force with that; a looser one waits for
   * another operator. Proposed once more, the later proposal counts.
   *
   * @throws DomainError `DRAFT_NOT_FOUND`; `DRAFT_STATE_CONFLICT`; `BACKTEST_NOT_FOUND`; `BACKTEST_NEEDED` when it is looser
   * and there is no finished backtest of the same rules against the version in force, over a week or more up to today, that
   * replayed something, if there is something to replay
   */
  async propose(
    caller: Caller,
    tenantId: string,
    draftId: string,
    backtestId?: string,
  ): Promise<StagedPolicy> {
    const { rules } = await this.get(tenantId, draftId);
    const isLooser = loosenessOf(rules, await policyInForce(this.records, tenantId));
    const backtests = backtestId === undefined ? [] : [backtestId];
    const anythingJudged = backtestId !== undefined && (await this.anythingJudged(tenantId));
    return this.change(tenantId, draftId, { policy: true, backtests }, (view, draft) => {
      const current = policyInView(view, tenantId);
      const looser = isLooser(current);
      const backtest = backtestId === undefined ? undefined : view.get('backtest', backtestId);
      if (backtestId !== undefined && !backtest) throw backtestNotFound(backtestId);
      const { rulesDigest } = draft;
      const asked = { rulesDigest, version: current.version, now: view.now, anythingJudged };
      if (looser) mustShow(backtest, draftId, asked);
      const proposal = {
        looser,
        proposedBy: caller.id,
        proposedOver: current.version,
        backtestId: backtest?.backtestId ?? null,
        replayed: backtest?.report?.decisions ?? null,
      };
      const waiting = proposed(draft, proposal, view.now);
      const payload = {
        looser,
        over: current.version,
        backtestId: proposal.backtestId,
        replayed: proposal.replayed,
      };
      if (looser) {
        keep(view, caller, 'policy.proposed', waiting, payload);
        return waiting;
      }
      const live = inForce(waiting, current.version + 1, null, view.now);
      keep(view, caller, 'policy.proposed', live, payload);
      putInForce(view, caller, tenantId, rules, { looser, draftId });
      return live;
    });
  }

  /**
   * Puts a proposed draft in force, as another operator than the one who proposed it.
   *
   * @throws DomainError `DRAFT_NOT_FOUND`; `POLICY_NEEDS_SECOND_OPERATOR`; `DRAFT_STATE_CONFLICT` when it is not proposed, or
   * was proposed to follow another version than the one in force
   */
  approve(caller: Caller, tenantId: string, draftId: string): Promise<StagedPolicy> {
    return this.change(tenantId, draftId, { policy: true }, (view, draft) => {
      if (draft.state === 'LIVE' && draft.approvedBy === caller.id) return draft;
      const current = policyInView(view, tenantId);
      if (draft.proposedBy === null) throw conflict(draftId, 'has not been proposed.');
      const live = inForce(draft, current.version + 1, caller.id, view.now);
      if (draft.proposedOver !== current.version) {
        throw conflict(
          draftId,
          `was proposed to follow version ${draft.proposedOver ?? 0}, and version ${current.version} is in force now. Backtest and propose it again.`,
        );
      }
      const { backtestId, proposedBy, replayed } = draft;
      keep(view, caller, 'policy.approved', live, { backtestId, proposedBy, replayed });
      putInForce(view, caller, tenantId, draft.rules, { looser: draft.looser, draftId, proposedBy });
      return live;
    });
  }

  /** Whether there is a decision for the longest of backtests to replay. */
  private async anythingJudged(tenantId: string): Promise<boolean> {
    // By this process's clock, which may be behind that of the one that judged.
    const now = Date.now();
    const stretch = { from: new Date(now - longestBacktestMs), to: new Date(now + freshBacktestMs) };
    const { items } = await this.trials.judged(tenantId, stretch, { limit: 1 });
    return items.length > 0;
  }

  private change(
    tenantId: string,
    draftId: string,
    needs: Needs,
    decide: (view: LedgerView, draft: StagedPolicy) => StagedPolicy,
  ): Promise<StagedPolicy> {
    return this.ledger.transact({
      tenantId,
      needs: { ...needs, stagedPolicies: [draftId] },
      decide: (view) => {
        const draft = view.get('stagedPolicy', draftId);
        if (!draft) throw draftNotFound(draftId);
        return decide(view, draft);
      },
    });
  }
}

function keep(
  view: LedgerView,
  caller: Caller,
  type: AuditType,
  draft: StagedPolicy,
  payload: JsonObject = {},
): void {
  const { draftId, rulesDigest } = draft;
  view.put('stagedPolicy', draft);
  view.record({ type, actor: actorOf(caller), payload: { draftId, rulesDigest, ...payload } });
}

function mustShow(backtest: Backtest | undefined, draftId: string, asked: AskedProof): void {
  const shortcoming = shortcomingOf(backtest, asked);
  if (shortcoming === undefined) return;
  throw new DomainError(
    'BACKTEST_NEEDED',
    `Draft ${draftId} is looser than the policy in force: propose it with the id of a finished backtest of it against version ${asked.version}, over a week or more up to today. This will not do: ${shortcoming}.`,
  );
}

function tooManyShadows(): DomainError {
  return new DomainError(
    'TOO_MANY_SHADOWS',
    `${mostShadowsAtOnce} drafts of this tenant judge in the shadow already. Drop one, or bring it into force.`,
  );
}

function conflict(draftId: string, what: string): DomainError {
  return new DomainError('DRAFT_STATE_CONFLICT', `Draft ${draftId} ${what}`);
}
