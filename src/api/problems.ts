import type { ErrorCode } from '../models/errors.js';

/** What an error code is over HTTP. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

/** The one table that maps error codes to answers. The README's table is held to it by a test. */
export const problems: Readonly<Record<ErrorCode, ProblemKind>> = {
  VALIDATION_FAILED: { status: 400, title: 'The request is not valid' },
  MALFORMED_JSON: { status: 400, title: 'The body is not usable JSON' },
  INVALID_CURSOR: { status: 400, title: 'The cursor is not of this list' },
  POLICY_INVALID: { status: 400, title: 'The policy is not valid' },
  DIGEST_MISMATCH: { status: 400, title: 'The digest is not that of the output' },
  UNAUTHENTICATED: { status: 401, title: 'A valid key or token is needed' },
  FORBIDDEN: { status: 403, title: 'The role does not allow this' },
  OWN_PROPOSAL: { status: 403, title: 'Nobody approves what they proposed' },
  ROUTE_NOT_FOUND: { status: 404, title: 'There is no such route' },
  TENANT_NOT_FOUND: { status: 404, title: 'There is no such tenant' },
  API_KEY_NOT_FOUND: { status: 404, title: 'There is no such key' },
  SESSION_NOT_FOUND: { status: 404, title: 'There is no such session' },
  AGENT_NOT_FOUND: { status: 404, title: 'There is no such agent' },
  AGENT_NOT_REGISTERED: { status: 404, title: 'The agent must register' },
  TASK_NOT_FOUND: { status: 404, title: 'There is no such task' },
  REVIEW_NOT_FOUND: { status: 404, title: 'There is no such review' },
  RECEIPT_NOT_FOUND: { status: 404, title: 'The card has no receipt' },
  DRAFT_NOT_FOUND: { status: 404, title: 'There is no such draft' },
  BACKTEST_NOT_FOUND: { status: 404, title: 'There is no such backtest' },
  POLICY_VERSION_NOT_FOUND: { status: 404, title: 'There is no such version of the policy' },
  RESULT_NOT_READY: { status: 404, title: 'The task has not ended yet' },
  TENANT_EXISTS: { status: 409, title: 'The tenant exists already' },
  API_KEY_ENDED: { status: 409, title: 'The key has ended' },
  SESSION_STATE_CONFLICT: { status: 409, title: 'The session is in another state' },
  TASK_ALREADY_FINAL: { status: 409, title: 'The task has ended' },
  LEASE_LOST: { status: 409, title: 'The lease is not valid' },
  REVIEW_ALREADY_DECIDED: { status: 409, title: 'The card has been decided' },
  REVIEW_ASSIGNED: { status: 409, title: 'The card is on another desk' },
  EDIT_NEEDS_CONFIRMATION: { status: 409, title: 'The edit would be held' },
  EDIT_DENIED: { status: 409, title: 'The edit would be denied' },
  DRAFT_STATE_CONFLICT: { status: 409, title: 'The draft is in another state' },
  BACKTEST_NEEDED: { status: 409, title: 'A looser policy needs its backtest' },
  TOO_MANY_BACKTESTS: { status: 409, title: 'So many backtests are not finished yet' },
  TOO_MANY_SHADOWS: { status: 409, title: 'So many drafts judge in the shadow' },
  POLICY_NEEDS_SECOND_OPERATOR: { status: 409, title: 'A looser policy needs a second operator' },
  PRECONDITION_FAILED: { status: 412, title: 'The card has changed' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body must be JSON' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The Idempotency-Key was used for another request' },
  TOO_MANY_OPEN_TASKS: { status: 429, title: 'The tenant has too many open tasks' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  INTERNAL_ERROR: { status: 500, title: 'A fault of the server' },
  UNAVAILABLE: { status: 503, title: 'A part of the service is away' },
  OVERLOADED: { status: 503, title: 'More than can be answered in good time' },
};

/** An RFC 9457 problem details object, with the extension members `code` and, for faulty input, `errors`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ErrorCode;
  readonly [member: string]: unknown;
}

/** Answers after which the same request may fare better, and which therefore say when to try again. */
export const passingStatuses: readonly number[] = [429, 503];

/** What they say, in seconds. */
export const retryAfterSeconds = 1;

export function problemOf(
  code: ErrorCode,
  detail: string,
  instance: string,
  extra: Readonly<Record<string, unknown>> = {},
): Problem {
  const type = `urn:chimera:problem:${code.toLowerCase().replaceAll('_', '-')}`;
  return { ...extra, type, ...problems[code], detail, instance, code };
}
