/** Places at which a process can be made to kill itself, by the flow that they are in. */
export const failpoints = [
  'submit.before-commit',
  'submit.after-commit',
  'claim.after-take',
  'claim.before-commit',
  'claim.after-commit',
  'result.before-commit',
  'result.after-commit',
  'decision.before-commit',
  'decision.after-commit',
  'ticket.before-add',
  'ticket.after-add',
  'deadline.before-schedule',
  'deadline.after-schedule',
] as const;
export type Failpoint = (typeof failpoints)[number];

/** The variable that arms one: `name`, or `name:n` for the nth time that the process comes by. */
export const failpointVariable = 'CHIMERA_FAILPOINT';
