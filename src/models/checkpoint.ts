import { digestOf } from './digest.js';

/** Names what is signed, so that no signature of another thing passes for one of a checkpoint. */
export const checkpointFormat = 'chimera-checkpoint/1';

/** Stands for the checkpoint before the first. */
export const noCheckpointDigest = `sha256:${'0'.repeat(64)}`;

/** What a checkpoint says: the tenant's record had this many events, and the last of them this hash. */
export interface CheckpointClaim {
  readonly tenantId: string;
  /** Of the last event that it covers, which is also how many it covers. */
  readonly sequence: number;
  /** That event's hash. */
  readonly hash: string;
  /** Digest of the tenant's checkpoint before, signature included; zeros for the first. */
  readonly previousDigest: string;
  readonly at: Date;
  readonly keyId: string;
}

/** A claim with the signature that vouches for it. */
export interface Checkpoint extends CheckpointClaim {
  /** Ed25519 over the RFC 8785 form of the claim, in base64url. */
  readonly signature: string;
}

/** A checkpoint as it is shown, exported and delivered: the members that are signed, and the signature. */
export interface SignedCheckpoint extends Omit<Checkpoint, 'at'> {
  readonly format: typeof checkpointFormat;
  /** RFC 3339, UTC, to the millisecond. */
  readonly at: string;
}

/** The claim as it is signed. */
export function checkpointStatement(claim: CheckpointClaim): Omit<SignedCheckpoint, 'signature'> {
  const { tenantId, sequence, hash, previousDigest, at, keyId } = claim;
  return {
    format: checkpointFormat,
    tenantId,
    sequence,
    hash,
    previousDigest,
    at: at.toISOString(),
    keyId,
  };
}

export function signedCheckpoint(checkpoint: Checkpoint): SignedCheckpoint {
  return { ...checkpointStatement(checkpoint), signature: checkpoint.signature };
}

/** What the next checkpoint names this one by. */
export function checkpointDigest(checkpoint: Checkpoint): string {
  return digestOf(signedCheckpoint(checkpoint));
}
