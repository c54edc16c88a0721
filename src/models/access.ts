export const roles = ['ADMIN', 'OPERATOR', 'SUBMITTER', 'AGENT', 'AUDITOR'] as const;
export type Role = (typeof roles)[number];

/** Roles that a key of a tenant can have. ADMIN stands above tenants and comes from the installation alone. */
export const tenantRoles = ['OPERATOR', 'SUBMITTER', 'AGENT', 'AUDITOR'] as const;
export type TenantRole = (typeof tenantRoles)[number];

/** A key of a tenant. Of the key itself only the SHA-256 is kept. */
export interface ApiKey {
  readonly keyId: string;
  readonly tenantId: string;
  readonly name: string;
  readonly role: TenantRole;
  readonly keyHash: string;
  /** The first of the keys in whose place this one is: its holder is the same. `null`: it took nobody's place. */
  readonly holderId: string | null;
  /** For a key in whose place another is: when the time of both is over. */
  readonly expiresAt: Date | null;
  /** When another first took its place. */
  readonly replacedAt: Date | null;
  /** Once it is replaced: the end it had until then, `null` for none. */
  readonly madeToExpireAt: Date | null;
  readonly revokedAt: Date | null;
  /** To the minute, some seconds late. */
  readonly lastUsedAt: Date | null;
  readonly createdAt: Date;
  readonly version: number;
}

/** Who holds the key, as cards and the audit record name them: a key that takes another's place has its holder. */
export function holderOf({ keyId, holderId }: ApiKey): string {
  return holderId ?? keyId;
}

/** Who is calling, as their credential says. `tenantId` is `null` for the admin. */
export interface Caller {
  readonly role: Role;
  readonly id: string;
  readonly tenantId: string | null;
}

const everyTenantRole = ['OPERATOR', 'SUBMITTER', 'AGENT', 'AUDITOR'] as const;

/**
 * Who may do what: the one table that the guard, the documentation and the tests read. ADMIN may do everything.
 */
export const access = {
  'tenant:create': [],
  'tenant:read': everyTenantRole,
  'key:manage': [],
  'session:create': ['SUBMITTER'],
  'session:read': ['SUBMITTER', 'OPERATOR', 'AUDITOR'],
  'session:control': ['SUBMITTER', 'OPERATOR'],
  'agent:act': ['AGENT'],
  'agent:read': ['AGENT', 'OPERATOR', 'AUDITOR'],
  'agent:list': ['OPERATOR', 'AUDITOR', 'SUBMITTER'],
  'agent:control': ['OPERATOR'],
  'agent:remove': ['AGENT', 'OPERATOR'],
  'task:submit': ['SUBMITTER'],
  'task:read': ['SUBMITTER', 'OPERATOR', 'AUDITOR'],
  'task:cancel': ['SUBMITTER', 'OPERATOR'],
  'review:read': ['OPERATOR', 'AUDITOR'],
  'review:decide': ['OPERATOR'],
  'review:reveal': ['OPERATOR'],
  'policy:read': ['OPERATOR', 'AUDITOR'],
  'policy:write': ['OPERATOR'],
  'policy:approve': ['OPERATOR'],
  'policy:evaluate': ['OPERATOR', 'AUDITOR'],
  'audit:read': ['OPERATOR', 'AUDITOR'],
  'event:read': ['SUBMITTER', 'OPERATOR', 'AUDITOR'],
  'stats:read': ['SUBMITTER', 'OPERATOR', 'AUDITOR'],
} as const satisfies Readonly<Record<string, readonly TenantRole[]>>;
export type Action = keyof typeof access;

/** Whether a caller with this role may do this. */
export function mayDo(role: Role, action: Action): boolean {
  const allowed: readonly Role[] = access[action];
  return role === 'ADMIN' || allowed.includes(role);
}
