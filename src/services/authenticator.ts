import { Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import type { Caller } from '../models/access.js';
import { hashOf } from '../models/digest.js';
import { RecordsPort } from '../ports/records.js';

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
  ) {}

  /** The caller whose live key this is; `undefined` for any other. A revoked key ends with its revocation. */
  async authenticate(key: string): Promise<Caller | undefined> {
    const keyHash = hashOf(key);
    if (timingSafeEqual(Buffer.from(keyHash), Buffer.from(this.admin.keyHash))) {
      return { role: 'ADMIN', id: 'admin', tenantId: null };
    }
    const apiKey = await this.records.liveKey(keyHash);
    return apiKey && { role: apiKey.role, id: apiKey.keyId, tenantId: apiKey.tenantId };
  }
}
