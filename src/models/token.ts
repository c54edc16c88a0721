import { type Caller, type Role, tenantRoles } from './access.js';
import { DomainError } from './errors.js';
import { tokensOf } from './json-reader.js';
import { tenantIdPattern } from './tenant.js';

/** Signatures that a token may have. None of them is made with a secret that the verifier shares (RFC 8725, section 3.1). */
const algorithms: readonly string[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

export function isAlgorithm(text: string): boolean {
  return algorithms.includes(text);
}

/** Which tokens are taken, and what their claims mean. */
export interface TokenRules {
  /** As tokens name it, to the letter. */
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly clockToleranceS: number;
  /** A claim's name, or a JSON pointer into the claims (RFC 6901). */
  readonly roleClaim: string;
  /** Empty: the claim holds a role of a tenant by its name. */
  readonly roles: ReadonlyMap<string, Role>;
  readonly tenantClaim: string;
  /** Empty: the claim holds the tenant's id. */
  readonly tenants: ReadonlyMap<string, string>;
}

export type Claims = Readonly<Record<string, unknown>>;

/**
 * Who the claims of a trusted token say is calling. The id is the issuer, `#` and the subject: an issuer has no fragment, so
 * no two callers share one.
 *
 * @throws DomainError `FORBIDDEN` when they name no role, more than one, or no tenant
 */
export function callerOf(claims: Claims, subject: string, rules: TokenRules): Caller {
  const role = roleOf(claims, rules);
  const id = `${rules.issuer}#${subject}`;
  return { role, id, tenantId: role === 'ADMIN' ? null : tenantOf(claims, rules) };
}

function roleOf(claims: Claims, { roleClaim, roles }: TokenRules): Role {
  const named = valuesAt(claims, roleClaim).map((value) =>
    roles.size > 0 ? roles.get(value) : tenantRoles.find((role) => role === value),
  );
  const known = [...new Set(named.filter((role) => role !== undefined))];
  const [role] = known;
  if (role !== undefined && known.length === 1) return role;
  const fault =
    role === undefined ? 'names no role here' : `names ${known.length} roles here, and must name one`;
  throw new DomainError('FORBIDDEN', `The token is genuine, but its claim ${roleClaim} ${fault}.`);
}

function tenantOf(claims: Claims, { tenantClaim, tenants }: TokenRules): string {
  const [value, ...others] = valuesAt(claims, tenantClaim);
  const tenantId = value === undefined || tenants.size === 0 ? value : tenants.get(value);
  if (tenantId !== undefined && others.length === 0 && tenantIdPattern.test(tenantId)) return tenantId;
  throw new DomainError(
    'FORBIDDEN',
    `The token is genuine, but its claim ${tenantClaim} does not name one tenant here.`,
  );
}

/** The text at a claim: one, or those of an array. */
function valuesAt(claims: Claims, claim: string): readonly string[] {
  const path = claim.startsWith('/') ? tokensOf(claim) : [claim];
  const value = path.reduce<unknown>(memberOf, claims);
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((one) => typeof one === 'string');
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  const member: unknown = Reflect.get(value, name);
  return member;
}
