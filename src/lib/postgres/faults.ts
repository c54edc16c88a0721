import { DomainError } from '../../models/errors.js';

/**
 * SQLSTATE classes that say that the connection or the server is gone or full, or that another transaction was in the way,
 * not that the statement was wrong.
 */
const unavailableClasses = ['08', '40', '53', '57', '58'];

/** What a statement is refused with that waited for a lock for too long. */
const lockNotAvailable = '55P03';

function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

/** Whether the database could not be reached, or gave up, rather than refuse a statement. */
export function isUnavailable(error: unknown): boolean {
  const state = sqlState(error);
  // A code of the system's. EPIPE has five letters like an SQLSTATE, none of which begins with E.
  if (state?.startsWith('E') === true) return /^E[A-Z]+$/.test(state);
  if (state !== undefined)
    return state === lockNotAvailable || unavailableClasses.includes(state.slice(0, 2));
  return (
    error instanceof Error &&
    /terminat|connection|timeout exceeded|not connected|is not established/i.test(error.message)
  );
}

/** The error as a caller is told it: `UNAVAILABLE` when waiting may help, itself when not. */
export function toCallerError(error: unknown): unknown {
  if (!isUnavailable(error)) return error;
  return new DomainError(
    'UNAVAILABLE',
    'The database cannot be reached. Nothing was confirmed; try again shortly.',
    {
      cause: error,
    },
  );
}

/** What a statement came to; rejects as {@link toCallerError} says. */
export async function unlessAway<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw toCallerError(error);
  }
}
