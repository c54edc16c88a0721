import type { JsonObject } from '../src/models/json.js';

/** The kind of work that agents of tests take unless they say otherwise. */
export const aKind = 'support.reply';

/** A submission of a task. */
export function aTask(changes: JsonObject = {}): JsonObject {
  return { kind: aKind, input: { text: 'Where is my parcel?' }, ...changes };
}

/** A result that the gate releases; `agentId` and `leaseToken` come from the assignment that it answers. */
export function aResult(changes: JsonObject = {}): JsonObject {
  return {
    status: 'SUCCEEDED',
    output: { reply: 'It leaves the warehouse on Monday.' },
    confidence: 0.95,
    ...changes,
  };
}

/** A result that the gate holds for want of confidence alone. */
export function aDoubtfulResult(changes: JsonObject = {}): JsonObject {
  return aResult({ confidence: 0.5, ...changes });
}

/** An agent's report that it could not do the work. */
export function aFailure(changes: JsonObject = {}): JsonObject {
  return {
    status: 'FAILED',
    error: { code: 'UPSTREAM_TIMEOUT', message: 'The shop did not answer.', retryable: true, ...changes },
  };
}
