import type { Decision } from './decision.js';
import type { JsonValue } from './json.js';
import type { Stage, TaskError, TaskStatus } from './task.js';

export const submissionStatuses = ['SUCCEEDED', 'FAILED'] as const;
export type SubmissionStatus = (typeof submissionStatuses)[number];

/** What an agent handed back for one attempt, and what became of it. Never changes. */
export interface Result {
  readonly resultId: string;
  readonly tenantId: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly stage: Stage;
  readonly agentId: string;
  readonly leaseToken: string;
  readonly status: SubmissionStatus;
  readonly output: JsonValue;
  /** `sha256:` and the lower-case hex SHA-256 of the output's RFC 8785 form; `null` without an output. */
  readonly outputDigest: string | null;
  /** 0..1; `null` for a failure and for work that carried out an approval. */
  readonly confidence: number | null;
  readonly error: TaskError | null;
  /** The Judge's; `null` for a failure and for work that carried out an approval. */
  readonly decision: Decision | null;
  /** Digest of the whole submission: the same one again gets the same answer. */
  readonly submissionDigest: string;
  /** What the submission was answered. */
  readonly taskStatus: TaskStatus;
  readonly reviewId: string | null;
  readonly createdAt: Date;
}
