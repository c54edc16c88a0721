import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { type ApiKey, type Caller, type TenantRole } from '../models/access.js';
import { newApiKeyText } from '../models/api-key-text.js';
import { hashOf } from '../models/digest.js';
import { DomainError, validationFailed } from '../models/errors.js';
import type { Page, PageRequest } from '../models/page.js';
import { LedgerPort, type LedgerView } from '../ports/ledger.js';
import { RecordsPort } from '../ports/records.js';
import { actorOf } from './actor.js';

/** A key, with the text that is shown this once. */
export type NewApiKey = ApiKey & { readonly key: string };

/** How long an old key goes on beside the new one unless it is said, in milliseconds. */
const defaultOverlapMs = 24 * 3_600_000;

/** Keeps the keys of tenants. */
@Injectable()
export class ApiKeys {
  constructor(
    private readonly ledger: LedgerPort,
    private readonly records: RecordsPort,
  ) {}

  /** Makes a key. The key itself is in this answer alone. */
  async create(
    caller: Caller,
    tenantId: string,
    wanted: { readonly name: string; readonly role: TenantRole; readonly expiresAt?: Date | undefined },
  ): Promise<NewApiKey> {
    const key = newApiKeyText();
    const stored = await this.ledger.transact({
      tenantId,
      needs: {},
      decide: (view) => {
        const { name, role } = wanted;
        const apiKey = freshKey(
          view,
          key,
          { tenantId, name, role, holderId: null },
          wanted.expiresAt ?? null,
        );
        view.put('apiKey', apiKey);
        const { keyId } = apiKey;
        view.record({ type: 'key.created', actor: actorOf(caller), payload: { keyId, name, role } });
        return apiKey;
      },
    });
    return { ...stored, key };
  }

  list(tenantId: string, page: PageRequest): Promise<Page<ApiKey>> {
    return this.records.apiKeys(tenantId, page);
  }

  /**
   * Makes a key that takes the place of this one, for the same holder, and has this one end when the overlap is over. The new
   * key lasts until `expiresAt`; when it is not said, for as long as the old one was made to last, from now. A key that is
   * replaced again ends no later for it.
   *
   * @throws DomainError `API_KEY_NOT_FOUND`; `API_KEY_ENDED` for a key that is revoked or expired
   */
  async rotate(
    caller: Caller,
    tenantId: string,
    keyId: string,
    wanted: { readonly overlapMs?: number | undefined; readonly expiresAt?: Date | undefined },
  ): Promise<NewApiKey> {
    const { overlapMs = defaultOverlapMs } = wanted;
    const key = newApiKeyText();
    const stored = await this.ledger.transact({
      tenantId,
      needs: { apiKeys: [keyId] },
      decide: (view) => {
        const old = view.get('apiKey', keyId);
        if (!old) throw keyNotFound(keyId);
        if (hasEnded(old, view.now)) throw keyEnded(keyId);
        const next = freshKey(
          view,
          key,
          { ...old, holderId: old.holderId ?? old.keyId },
          wanted.expiresAt ?? sameLifeFrom(old, view.now),
        );
        const overlapEnds = new Date(view.now.getTime() + overlapMs);
        const expiresAt = old.expiresAt && old.expiresAt < overlapEnds ? old.expiresAt : overlapEnds;
        view.put('apiKey', {
          ...old,
          expiresAt,
          replacedAt: old.replacedAt ?? view.now,
          madeToExpireAt: madeToExpireAt(old),
          version: old.version + 1,
        });
        view.put('apiKey', next);
        const { name, role } = next;
        view.record({
          type: 'key.rotated',
          actor: actorOf(caller),
          payload: {
            keyId: next.keyId,
            replaces: keyId,
            replacedEndsAt: expiresAt.toISOString(),
            name,
            role,
          },
        });
        return next;
      },
    });
    return { ...stored, key };
  }

  /**
   * Revokes the key, effective at once. Revoking it again changes nothing.
   *
   * @throws DomainError `API_KEY_NOT_FOUND`
   */
  revoke(caller: Caller, tenantId: string, keyId: string): Promise<void> {
    return this.ledger.transact({
      tenantId,
      needs: { apiKeys: [keyId] },
      decide: (view) => {
        const key = view.get('apiKey', keyId);
        if (!key) throw keyNotFound(keyId);
        if (key.revokedAt !== null) return;
        view.put('apiKey', { ...key, revokedAt: view.now, version: key.version + 1 });
        const { name, role } = key;
        view.record({ type: 'key.revoked', actor: actorOf(caller), payload: { keyId, name, role } });
      },
    });
  }
}

function freshKey(
  { now }: LedgerView,
  key: string,
  { tenantId, name, role, holderId }: Pick<ApiKey, 'tenantId' | 'name' | 'role' | 'holderId'>,
  expiresAt: Date | null,
): ApiKey {
  if (expiresAt && expiresAt <= now)
    throw validationFailed([{ pointer: '/expiresAt', message: 'must be in the future' }]);
  return {
    keyId: uuidv7(),
    tenantId,
    name,
    role,
    keyHash: hashOf(key),
    holderId,
    expiresAt,
    replacedAt: null,
    madeToExpireAt: null,
    revokedAt: null,
    lastUsedAt: null,
    createdAt: now,
    version: 1,
  };
}

function hasEnded({ revokedAt, expiresAt }: ApiKey, now: Date): boolean {
  return revokedAt !== null || (expiresAt !== null && expiresAt <= now);
}

/** The end of a replaced key is that of the overlap, and says nothing of how long a key of its holder is to last. */
function madeToExpireAt(key: ApiKey): Date | null {
  return key.replacedAt ? key.madeToExpireAt : key.expiresAt;
}

function sameLifeFrom(key: ApiKey, now: Date): Date | null {
  const end = madeToExpireAt(key);
  return end && new Date(now.getTime() + end.getTime() - key.createdAt.getTime());
}

function keyNotFound(keyId: string): DomainError {
  return new DomainError('API_KEY_NOT_FOUND', `There is no key ${keyId}.`);
}

function keyEnded(keyId: string): DomainError {
  return new DomainError('API_KEY_ENDED', `Key ${keyId} is revoked or expired. Make a new one instead.`);
}
