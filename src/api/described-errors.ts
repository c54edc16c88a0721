import type { OpenAPIObject } from '@nestjs/swagger';
import { access, tenantRoles } from '../models/access.js';
import { type ErrorCode, errorCodes } from '../models/errors.js';
import { type DescribedOperation, parameterNames } from './described-operations.js';
import { passingStatuses, problemOf, problems } from './problems.js';
import { ref } from './schemas/schema.js';

type Examples = NonNullable<NonNullable<OpenAPIObject['components']>['examples']>;

/** Whatever has a body may be sent one that cannot be taken. */
const bodyErrors: readonly ErrorCode[] = ['MALFORMED_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];

/** Adds to an operation the refusals that every one of its sort has, and the answers that carry them. */
export function describeErrors(described: DescribedOperation): void {
  const { operation } = described;
  const codes = [...new Set(codesOf(described))];
  operation['x-error-codes'] = codes;
  for (const [status, same] of Map.groupBy(codes, (code) => problems[code].status)) {
    operation.responses[status] ??= {
      description: same.map((code) => `\`${code}\` ${problems[code].title}.`).join(' '),
      headers: headersOf(status),
      content: {
        'application/problem+json': {
          schema: ref('Problem'),
          examples: Object.fromEntries(same.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
        },
      },
    };
  }
}

function codesOf({ method, operation }: DescribedOperation): readonly ErrorCode[] {
  const needs = operation['x-needs'] ?? 'PUBLIC';
  const own = operation['x-error-codes'] ?? [];
  if (needs === 'PUBLIC') return [...own, 'INTERNAL_ERROR'];
  const everybody = access[needs].length === tenantRoles.length;
  return [
    'VALIDATION_FAILED',
    ...(method === 'get' ? [] : bodyErrors),
    'UNAUTHENTICATED',
    ...(everybody ? [] : (['FORBIDDEN'] as const)),
    ...(parameterNames(operation, 'path').includes('tenantId') ? (['TENANT_NOT_FOUND'] as const) : []),
    ...own,
    'RATE_LIMITED',
    'INTERNAL_ERROR',
    'UNAVAILABLE',
    'OVERLOADED',
  ];
}

function headersOf(status: number) {
  return {
    ...(status === 401 && { 'www-authenticate': { $ref: '#/components/headers/Challenge' } }),
    ...(passingStatuses.includes(status) && { 'retry-after': { $ref: '#/components/headers/RetryAfter' } }),
  };
}

/** One problem of each code. */
export const errorExamples: Examples = Object.fromEntries(
  errorCodes.map((code) => {
    const { title } = problems[code];
    const errors = [{ pointer: '/confidence', message: 'must be a number from 0 to 1' }];
    const more = code === 'VALIDATION_FAILED' ? { errors } : {};
    return [code, { summary: title, value: problemOf(code, `${title}.`, '/v1/tenants/t_acme', more) }];
  }),
);
