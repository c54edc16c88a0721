import type { Caller } from '../models/access.js';
import { DomainError } from '../models/errors.js';
import type { JsonObject } from '../models/json.js';
import { looserThan } from '../models/policy-changes.js';
import type { Policy, PolicyDraft } from '../models/policy.js';
import type { LedgerView, Rows } from '../ports/ledger.js';
import type { RecordsPort } from '../ports/records.js';
import { actorOf } from './actor.js';

/** The policy in force. @throws DomainError `TENANT_NOT_FOUND` */
export async function policyInForce(records: RecordsPort, tenantId: string): Promise<Rows['policy']> {
  const policy = await records.policy(tenantId);
  if (!policy) throw new DomainError('TENANT_NOT_FOUND', `There is no tenant ${tenantId}.`);
  return policy;
}

/** The policy in force at this unit's turn, which asked for it. */
export function policyInView(view: LedgerView, tenantId: string): Rows['policy'] {
  const policy = view.policyInForce();
  if (!policy) throw new Error(`Tenant ${tenantId} has no policy.`);
  return policy;
}

/**
 * Says whether rules are looser than a policy. Worked out for the policy that was in force before the transaction, so that
 * the comparison holds up nobody unless another one came into force meanwhile.
 */
export function loosenessOf(rules: PolicyDraft, seen: Policy): (current: Policy) => boolean {
  const looser = looserThan(seen, rules);
  return (current) => (current.version === seen.version ? looser : looserThan(current, rules));
}

/** Puts rules in force as the next version, and on the record. */
export function putInForce(
  view: LedgerView,
  caller: Caller,
  tenantId: string,
  rules: PolicyDraft,
  payload: JsonObject,
): Rows['policy'] {
  const version = policyInView(view, tenantId).version + 1;
  const policy = { ...rules, tenantId, version, createdAt: view.now, createdBy: caller.id };
  view.put('policy', policy);
  view.record({ type: 'policy.changed', actor: actorOf(caller), payload: { version, ...payload } });
  return policy;
}
