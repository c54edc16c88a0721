import { describe, expect, it } from '@jest/globals';
import { callerOf, isAlgorithm, type TokenRules } from '../../../src/models/token.js';

const rules: TokenRules = {
  issuer: 'https://id.example',
  audience: 'chimera',
  algorithms: ['ES256'],
  clockToleranceS: 0,
  roleClaim: 'chimera_role',
  roles: new Map(),
  tenantClaim: 'chimera_tenant',
  tenants: new Map(),
};

const caller = (claims: Readonly<Record<string, unknown>>, changes: Partial<TokenRules> = {}) =>
  callerOf(claims, 'ann', { ...rules, ...changes });

describe('the claims of a token', () => {
  it('name role and tenant as they are called here, unless the settings say otherwise', () => {
    const claims = { chimera_role: 'AUDITOR', chimera_tenant: 't_acme' };
    expect(caller(claims)).toEqual({ role: 'AUDITOR', id: 'https://id.example#ann', tenantId: 't_acme' });
  });

  it('may lie deep, under names with slashes and tildes', () => {
    const claims = { 'https://x/y~z': { role: ['OPERATOR'] }, tenants: ['t_acme'] };
    const changes = { roleClaim: '/https:~1~1x~1y~0z/role', tenantClaim: 'tenants' };
    expect(caller(claims, changes)).toMatchObject({ role: 'OPERATOR', tenantId: 't_acme' });
    expect(caller({ 'a.b': 'OPERATOR', chimera_tenant: 't_acme' }, { roleClaim: 'a.b' }).role).toBe(
      'OPERATOR',
    );
  });

  it.each([
    ['no role', { chimera_tenant: 't_acme' }],
    ['a role that is none', { chimera_role: 'BOSS', chimera_tenant: 't_acme' }],
    ['a role in other letters', { chimera_role: 'operator', chimera_tenant: 't_acme' }],
    ["the admin's role, unmapped", { chimera_role: 'ADMIN', chimera_tenant: 't_acme' }],
    ['two roles', { chimera_role: ['OPERATOR', 'AGENT'], chimera_tenant: 't_acme' }],
    ['a role that is no text', { chimera_role: { OPERATOR: true }, chimera_tenant: 't_acme' }],
    ['no tenant', { chimera_role: 'OPERATOR' }],
    ['two tenants', { chimera_role: 'OPERATOR', chimera_tenant: ['t_acme', 't_other'] }],
    ['a tenant that can be none', { chimera_role: 'OPERATOR', chimera_tenant: 'acme' }],
  ])('open nothing with %s', (_what, claims) => {
    expect(() => caller(claims)).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
  });

  it('never take what an object inherits for a claim', () => {
    const changes = { roleClaim: '/constructor/name', roles: new Map([['Object', 'ADMIN']] as const) };
    expect(() => caller({}, changes)).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
  });

  it('are signed with a key that only the issuer has', () => {
    for (const algorithm of ['RS256', 'PS512', 'ES384', 'EdDSA']) expect(isAlgorithm(algorithm)).toBe(true);
    for (const algorithm of ['none', 'HS256', 'HS512', 'rs256', '', 'A256KW'])
      expect(isAlgorithm(algorithm)).toBe(false);
  });
});
