import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional, ApiProperty } from '@nestjs/swagger';
import { Matches, ValidateIf } from 'class-validator';
import { type TenantRole, tenantRoles } from '../../models/access.js';
import { tenantIdPattern } from '../../models/tenant.js';
import { Check, Integer, OneOf, Text } from './checks.js';

export class CreateTenantBody {
  @ApiProperty({ description: 'The id, which stays.', pattern: tenantIdPattern.source, example: 't_acme' })
  @Matches(tenantIdPattern, { message: `must match ${tenantIdPattern.source}` })
  tenantId!: string;

  @Text({ description: 'For people.', example: 'Acme Ltd', max: 200, required: false })
  name?: string;
}

const rfc3339 = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** An RFC 3339 time on a day that there is: the engine's own parser turns 30 February into 2 March. */
export function isTime(value: unknown): boolean {
  const day = typeof value === 'string' ? rfc3339.exec(value)?.[1] : undefined;
  if (typeof value !== 'string' || day === undefined || Number.isNaN(Date.parse(value))) return false;
  return new Date(day).toISOString().startsWith(day);
}

function Expiry(description: string): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ description, format: 'date-time', type: 'string' }),
    ValidateIf((_, value) => value !== undefined),
    Check('time', isTime, 'must be a time, such as 2026-12-31T00:00:00Z'),
  );
}

export class CreateApiKeyBody {
  @Text({ description: 'For people.', example: 'night shift', max: 200 })
  name!: string;

  @OneOf(tenantRoles, { description: 'What it may do.', example: 'OPERATOR' })
  role!: TenantRole;

  @Expiry('When it ends by itself (RFC 3339).')
  expiresAt?: string;
}

export class RotateApiKeyBody {
  @Integer({
    description: 'How long the old key goes on beside the new one, in milliseconds; a day unless it is said.',
    min: 0,
    max: 30 * 24 * 3_600_000,
    default: 24 * 3_600_000,
    required: false,
  })
  overlapMs?: number;

  @Expiry(
    'When the new key ends by itself (RFC 3339); when not said, it lasts as long as the old one was to.',
  )
  expiresAt?: string;
}

export class CreateSessionBody {
  @Text({ description: 'Who asked for it.', example: 'nightly import', max: 200, required: false })
  requestedBy?: string;
}
