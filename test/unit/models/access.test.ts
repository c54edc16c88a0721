import { describe, expect, it } from '@jest/globals';
import { access, type Action, mayDo, roles } from '../../../src/models/access.js';

function isAction(name: string): name is Action {
  return Object.hasOwn(access, name);
}
const actions = Object.keys(access).filter(isAction);

describe('a role', () => {
  it('of the admin may do everything', () => {
    expect(actions.filter((action) => !mayDo('ADMIN', action))).toEqual([]);
  });

  it.each([
    ['AGENT', ['tenant:read', 'agent:act', 'agent:read', 'agent:remove']],
    [
      'SUBMITTER',
      [
        'tenant:read',
        'session:create',
        'session:read',
        'session:control',
        'agent:list',
        'task:submit',
        'task:read',
        'task:cancel',
        'event:read',
        'stats:read',
      ],
    ],
    [
      'OPERATOR',
      [
        'tenant:read',
        'session:read',
        'session:control',
        'agent:read',
        'agent:list',
        'agent:control',
        'agent:remove',
        'task:read',
        'task:cancel',
        'review:read',
        'review:decide',
        'review:reveal',
        'policy:read',
        'policy:write',
        'policy:approve',
        'policy:evaluate',
        'audit:read',
        'event:read',
        'stats:read',
      ],
    ],
    [
      'AUDITOR',
      [
        'tenant:read',
        'session:read',
        'agent:read',
        'agent:list',
        'task:read',
        'review:read',
        'policy:read',
        'policy:evaluate',
        'audit:read',
        'event:read',
        'stats:read',
      ],
    ],
  ] as const)('of %s may do its part and no more', (role, part) => {
    expect(actions.filter((action) => mayDo(role, action))).toEqual([...part]);
  });

  it('of an auditor changes nothing', () => {
    const harmless = /:(read|list|evaluate)$/;
    expect(actions.filter((action) => mayDo('AUDITOR', action) && !harmless.test(action))).toEqual([]);
  });

  it.each(['tenant:create', 'key:manage'] as const)('below the admin never does %s', (action) => {
    expect(roles.filter((role) => mayDo(role, action))).toEqual(['ADMIN']);
  });

  it('of an operator alone, beside the admin, decides reviews', () => {
    expect(roles.filter((role) => mayDo(role, 'review:decide'))).toEqual(['ADMIN', 'OPERATOR']);
  });
});
