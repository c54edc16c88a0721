/** How far causes are followed. */
const maxDepth = 5;

/** Members of an error that say what went wrong and never what with. */
const tellingMembers = [
  'code',
  'errno',
  'syscall',
  'address',
  'port',
  'table',
  'column',
  'constraint',
] as const;

/**
 * An error as it is logged. Database and Redis drivers hang statements, their parameters and whole rows on their errors,
 * and with them inputs and outputs that must not leave the store, so only known members are taken over.
 */
export function loggedError(error: unknown, depth = 0): unknown {
  if (typeof error !== 'object' || error === null) return error;
  const told: Readonly<Record<string, unknown>> = { ...error };
  const { message, stack, cause, errors } = error as Partial<AggregateError>;
  return {
    type: typeof told['type'] === 'string' ? told['type'] : error.constructor.name,
    message,
    stack,
    ...Object.fromEntries(tellingMembers.flatMap((name) => (name in told ? [[name, told[name]]] : []))),
    ...(cause !== undefined && depth < maxDepth && { cause: loggedError(cause, depth + 1) }),
    ...(Array.isArray(errors) &&
      depth < maxDepth && { errors: errors.map((one) => loggedError(one, depth + 1)) }),
  };
}
