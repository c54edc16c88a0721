import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsString,
  IsUUID,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  registerDecorator,
  ValidateIf,
} from 'class-validator';
import { agentIdPattern, kindPattern } from '../../models/tenant.js';
import { bodyLimits } from '../json-body.js';
import { ref } from '../schemas/schema.js';

/* Checks that come again and again, each with its documentation. A property that is left out is `undefined`, never `null`. */

interface Described {
  readonly description: string;
  readonly example?: unknown;
  readonly required?: boolean;
}

/** Left out, or as the other decorators say; unlike `IsOptional`, `null` is not "left out". */
function leftOutOr(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}

function property({ required = true, ...schema }: Described & Record<string, unknown>): PropertyDecorator {
  return required ? ApiProperty(schema) : applyDecorators(ApiPropertyOptional(schema), leftOutOr());
}

export function Text(
  options: Described & { readonly max: number; readonly min?: number },
): PropertyDecorator {
  const { min = 1, max, ...rest } = options;
  return applyDecorators(
    property({ ...rest, type: 'string', minLength: min, maxLength: max }),
    IsString({ message: 'must be text' }),
    MinLength(min, { message: `must have at least ${min} characters` }),
    MaxLength(max, { message: `must have at most ${max} characters` }),
  );
}

export function Integer(
  options: Described & { readonly min: number; readonly max: number; readonly default?: number },
): PropertyDecorator {
  const { min, max, ...rest } = options;
  return applyDecorators(
    property({ ...rest, type: 'integer', minimum: min, maximum: max }),
    IsInt({ message: 'must be a whole number' }),
    Min(min, { message: `must be at least ${min}` }),
    Max(max, { message: `must be at most ${max}` }),
  );
}

export function OneOf(values: readonly string[], options: Described): PropertyDecorator {
  return applyDecorators(
    property({ ...options, type: 'string', enum: [...values] }),
    IsIn([...values], { message: `must be one of ${values.join(', ')}` }),
  );
}

export function Uuid(options: Described): PropertyDecorator {
  return applyDecorators(
    property({ ...options, type: 'string', format: 'uuid' }),
    IsUUID('all', { message: 'must be a UUID' }),
  );
}

export function Uuids(options: Described & { readonly max: number }): PropertyDecorator {
  const { max, ...rest } = options;
  return applyDecorators(
    property({ ...rest, type: 'array', maxItems: max, items: { type: 'string', format: 'uuid' } }),
    IsArray({ message: 'must be an array' }),
    IsUUID('all', { each: true, message: 'must hold UUIDs alone' }),
    ArrayMaxSize(max, { message: `must hold at most ${max}` }),
  );
}

export function AgentId(options: Described): PropertyDecorator {
  return applyDecorators(
    property({ ...options, type: 'string', pattern: agentIdPattern.source }),
    IsString({ message: 'must be text' }),
    Matches(agentIdPattern, { message: `must match ${agentIdPattern.source}` }),
  );
}

export function Kind(options: Described): PropertyDecorator {
  return applyDecorators(
    property({ ...options, type: 'string', pattern: kindPattern.source }),
    IsString({ message: 'must be text' }),
    Matches(kindPattern, { message: `must match ${kindPattern.source}` }),
  );
}

export function Kinds(options: Described & { readonly max: number }): PropertyDecorator {
  const { max, ...rest } = options;
  return applyDecorators(
    property({
      ...rest,
      type: 'array',
      maxItems: max,
      items: { type: 'string', pattern: kindPattern.source },
    }),
    IsArray({ message: 'must be an array' }),
    IsString({ each: true, message: 'must hold text alone' }),
    Matches(kindPattern, { each: true, message: `must hold only what matches ${kindPattern.source}` }),
    Check('maxKinds', (value) => Array.isArray(value) && value.length <= max, `must hold at most ${max}`),
  );
}

/** Any JSON value, up to the inline limit. */
export function Json(options: Described): PropertyDecorator {
  return applyDecorators(
    options.required === false
      ? ApiPropertyOptional({ description: options.description, allOf: [ref('Json')] })
      : ApiProperty({ description: options.description, allOf: [ref('Json')] }),
    ...(options.required === false
      ? []
      : [Check('present', (value) => value !== undefined, 'must be there; null is allowed')]),
    Check('inlineSize', fitsInline, `must not be larger than ${bodyLimits.inlineBytes} bytes as JSON`),
  );
}

/** A JSON object, up to the inline limit; `shape` names what the description says of it. */
export function JsonRecord({
  shape,
  ...options
}: Described & { readonly shape?: string }): PropertyDecorator {
  const schema =
    shape === undefined ? { type: 'object', additionalProperties: true } : { allOf: [ref(shape)] };
  return applyDecorators(
    property({ ...options, ...schema }),
    Check('record', isRecord, 'must be a JSON object'),
    Check('inlineSize', fitsInline, `must not be larger than ${bodyLimits.inlineBytes} bytes as JSON`),
  );
}

/** Whether it is a JSON object. */
export function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const inlineSizeCheck = 'inlineSize';

function fitsInline(value: unknown): boolean {
  return value === undefined || Buffer.byteLength(JSON.stringify(value)) <= bodyLimits.inlineBytes;
}

/** A check of one property by a function. `undefined` reaches it too, unless the property is optional. */
export function Check(
  name: string,
  validate: (value: unknown) => boolean,
  message: string,
): PropertyDecorator {
  return (target, key) => {
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(key),
      options: { message },
      validator: { validate },
    });
  };
}
