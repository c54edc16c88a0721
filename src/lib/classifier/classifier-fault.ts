import type { VerdictOutcome } from '../../models/topic-verdict.js';

/** Statuses that say something of the text that was sent, and nothing of the classifier. */
const aboutTheText: ReadonlySet<number> = new Set([400, 413, 422]);

/** What kept a classifier from judging. Carries nothing of what was sent or answered. */
export class ClassifierFault extends Error {
  override readonly name = 'ClassifierFault';

  constructor(
    readonly outcome: Exclude<VerdictOutcome, 'ANSWERED' | 'WITHHELD'>,
    readonly status: number | null = null,
  ) {
    super(status === null ? outcome : `${outcome} ${status}`);
  }

  /** Whether another text may well be judged. */
  get concernsOnlyThisText(): boolean {
    return this.status !== null && aboutTheText.has(this.status);
  }
}

/** Any error of a call as the fault that it is; `timedOut` when the call had been given up by then. */
export function faultOf(error: unknown, timedOut = false): ClassifierFault {
  if (error instanceof ClassifierFault) return error;
  const { code } = Object(error) as { readonly code?: unknown };
  if (code === 'EOPENBREAKER') return new ClassifierFault('BREAKER_OPEN');
  return new ClassifierFault(timedOut ? 'TIMEOUT' : 'UNREACHABLE');
}
