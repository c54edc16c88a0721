import type { KeyObject } from 'node:crypto';
import { type CheckpointClaim, type Checkpoint, checkpointStatement } from '../models/checkpoint.js';
import { type ApprovalReceipt, type ReceiptClaim, receiptStatement } from '../models/receipt.js';
import { type PublicJwk, publicJwkOf, signatureOf } from '../models/signing-key.js';

/** Vouches for what the record says, with a key that no database holds. */
export class AuditSigner {
  private readonly own: PublicJwk;
  /** The public keys that signatures can be checked with: the one in use first, then those that were in use before. */
  readonly publicKeys: readonly PublicJwk[];

  /** `retired` are public keys. */
  constructor(
    private readonly key: KeyObject,
    retired: readonly KeyObject[] = [],
  ) {
    this.own = publicJwkOf(key);
    const others = retired.map(publicJwkOf).filter(({ kid }) => kid !== this.own.kid);
    this.publicKeys = [this.own, ...others];
  }

  checkpoint(facts: Omit<CheckpointClaim, 'keyId'>): Checkpoint {
    const claim = { ...facts, keyId: this.own.kid };
    return { ...claim, signature: signatureOf(checkpointStatement(claim), this.key) };
  }

  receipt(facts: Omit<ReceiptClaim, 'keyId'>): ApprovalReceipt {
    const claim = { ...facts, keyId: this.own.kid };
    return { ...claim, signature: signatureOf(receiptStatement(claim), this.key) };
  }
}
