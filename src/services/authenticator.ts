import { Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { type Caller, holderOf } from '../models/access.js';
import { couldBeApiKey } from '../models/api-key-text.js';
import { hashOf } from '../models/digest.js';
import { RecordsPort } from '../ports/records.js';
import { TokenPort } from '../ports/tokens.js';
import { KeyUsage } from './key-usage.js';

/** The admin's key, as its SHA-256. */
export abstract class AdminCredential {
  abstract readonly keyHash: string;
}

/** Finds out who is calling. */
@Injectable()
export class Authenticator {
  constructor(
    private readonly admin: AdminCredential,
    private readonly records: RecordsPort,
    private readonly tokens: TokenPort,
    private readonly usage: KeyUsage,
  ) {}

  /**
   * The caller whose live key or token this is; `undefined` for any other. A revoked key ends with its revocation, a token at
   * its time.
   *
   * @param keyHash the credential's `hashOf`, for whoever has it already
   * @throws DomainError as `TokenPort` says
   */
  async authenticate(credential: string, keyHash = hashOf(credential)): Promise<Caller | undefined> {
    if (timingSafeEqual(Buffer.from(keyHash), Buffer.from(this.admin.keyHash))) {
      return { role: 'ADMIN', id: 'admin', tenantId: null };
    }
    // Keys of tenants have no dots in them, and tokens have two (RFC 7515, section 3.1).
    if (credential.includes('.')) return this.tokens.callerOf(credential);
    if (!couldBeApiKey(credential)) return undefined;
    const apiKey = await this.records.liveKey(keyHash);
    if (!apiKey) return undefined;
    this.usage.note(apiKey);
    return { role: apiKey.role, id: holderOf(apiKey), tenantId: apiKey.tenantId };
  }
}
