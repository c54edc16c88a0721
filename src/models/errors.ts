/**
 * Every fault that Chimera tells a caller about. The code is stable and part of the contract; which HTTP status it
 * becomes is the edge's business.
 */
export const errorCodes = [
  'VALIDATION_FAILED',
  'MALFORMED_JSON',
  'INVALID_CURSOR',
  'POLICY_INVALID',
  'DIGEST_MISMATCH',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'OWN_PROPOSAL',
  'ROUTE_NOT_FOUND',
  'TENANT_NOT_FOUND',
  'API_KEY_NOT_FOUND',
  'SESSION_NOT_FOUND',
  'AGENT_NOT_FOUND',
  'AGENT_NOT_REGISTERED',
  'TASK_NOT_FOUND',
  'REVIEW_NOT_FOUND',
  'RECEIPT_NOT_FOUND',
  'DRAFT_NOT_FOUND',
  'BACKTEST_NOT_FOUND',
  'POLICY_VERSION_NOT_FOUND',
  'RESULT_NOT_READY',
  'TENANT_EXISTS',
  'API_KEY_ENDED',
  'SESSION_STATE_CONFLICT',
  'TASK_ALREADY_FINAL',
  'LEASE_LOST',
  'REVIEW_ALREADY_DECIDED',
  'REVIEW_ASSIGNED',
  'EDIT_NEEDS_CONFIRMATION',
  'EDIT_DENIED',
  'DRAFT_STATE_CONFLICT',
  'BACKTEST_NEEDED',
  'TOO_MANY_BACKTESTS',
  'TOO_MANY_SHADOWS',
  'POLICY_NEEDS_SECOND_OPERATOR',
  'PRECONDITION_FAILED',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'IDEMPOTENCY_KEY_REUSED',
  'TOO_MANY_OPEN_TASKS',
  'RATE_LIMITED',
  'INTERNAL_ERROR',
  'UNAVAILABLE',
  'OVERLOADED',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** One fault in one field of a request. */
export interface FieldError {
  /** RFC 6901 pointer into the request's body, or the parameter's name. */
  readonly pointer: string;
  readonly message: string;
}

/** A refusal that its receiver can act on. `extra` goes into the answer beside the standard members. */
export class DomainError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly extra: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'DomainError';
  }
}

/** A refusal of input, with each fault and where it is. */
export function validationFailed(
  errors: readonly FieldError[],
  code: ErrorCode = 'VALIDATION_FAILED',
): DomainError {
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new DomainError(
    code,
    first ? `${first.pointer}: ${first.message}${more}` : 'The request is not valid.',
    { errors },
  );
}
