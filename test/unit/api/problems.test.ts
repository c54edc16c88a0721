import { describe, expect, it } from '@jest/globals';
import { problemOf, problems } from '../../../src/api/problems.js';
import { errorCodes } from '../../../src/models/errors.js';

describe('the table of errors', () => {
  it('has every code, in the order of the statuses', () => {
    expect(Object.keys(problems).toSorted()).toEqual([...errorCodes].toSorted());
    const statuses = Object.values(problems).map(({ status }) => status);
    expect(statuses).toEqual(statuses.toSorted((one, other) => one - other));
  });
});

describe('a problem', () => {
  it('has the members of RFC 9457 and its code, which nothing else can overwrite', () => {
    const extra = {
      errors: [],
      title: 'Another',
      status: 200,
      code: 'ANOTHER',
      type: 'x',
      detail: 'x',
      instance: 'x',
    };
    expect(problemOf('LEASE_LOST', 'It has ended.', '/v1/tenants/t_acme', extra)).toEqual({
      type: 'urn:chimera:problem:lease-lost',
      title: 'The lease is not valid',
      status: 409,
      detail: 'It has ended.',
      instance: '/v1/tenants/t_acme',
      code: 'LEASE_LOST',
      errors: [],
    });
  });
});
