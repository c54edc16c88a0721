/** The isolation boundary. */
export interface Tenant {
  readonly tenantId: string;
  readonly name: string | null;
  readonly createdAt: Date;
}

/** `t_`, then 2–63 of lower-case letters, digits, `_` and `-`, the first a letter or digit. */
export const tenantIdPattern = /^t_[a-z0-9][a-z0-9_-]{1,62}$/;

export const agentIdPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** What kinds of task may be called: the letters of an agent id. */
export const kindPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
