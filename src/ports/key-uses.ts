/** A key of a tenant. */
export interface KeyRef {
  readonly tenantId: string;
  readonly keyId: string;
}

/** When keys were last used, to the minute. It is no state that anything is decided by, so it has no place on the audit record. */
export abstract class KeyUsesPort {
  /** Notes that the keys are in use, by the database's clock. A key that was noted within the last minute is left as it is. */
  abstract note(keys: readonly KeyRef[]): Promise<void>;
}
