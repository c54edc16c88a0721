import type { OpenAPIObject } from '@nestjs/swagger';
import type { JsonValue } from '../../models/json.js';

export type Schema = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];
type ReferenceObject = Extract<Schema, { $ref: string }>;
type SchemaObject = Exclude<Schema, ReferenceObject>;

/** A schema for each member: the compiler sees to it that none is forgotten and none is invented. */
export type Members<T> = { readonly [K in keyof T]-?: Schema };

/** A closed object. Members are required but for those that are named. */
export function objectOf<T>(
  description: string,
  members: Members<T>,
  optional: readonly (keyof T & string)[] = [],
): SchemaObject {
  const isOptional = (name: string) => optional.some((one) => one === name);
  return {
    type: 'object',
    description,
    properties: { ...members },
    required: Object.keys(members).filter((name) => !isOptional(name)),
    additionalProperties: false,
  };
}

/** What narrows a schema further: bounds, lengths, a pattern. */
type Limits = Partial<SchemaObject>;

export const text = (description: string, example?: string, limits: Limits = {}): SchemaObject => ({
  type: 'string',
  description,
  ...(example !== undefined && { example }),
  ...limits,
});
export const uuid = (description: string): SchemaObject => ({
  type: 'string',
  format: 'uuid',
  description,
  example: '019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071',
});
export const time = (description: string): SchemaObject => ({
  type: 'string',
  format: 'date-time',
  pattern: '\\.[0-9]{3}Z$',
  description,
  example: '2026-11-22T18:00:00.000Z',
});
export const integer = (description: string, example?: number, limits: Limits = {}): SchemaObject => ({
  type: 'integer',
  description,
  ...(example !== undefined && { example }),
  ...limits,
});
export const number = (description: string, example?: number, limits: Limits = {}): SchemaObject => ({
  type: 'number',
  description,
  ...(example !== undefined && { example }),
  ...limits,
});
export const boolean = (description: string): SchemaObject => ({ type: 'boolean', description });
export const oneOf = (values: readonly string[], description: string): SchemaObject => ({
  type: 'string',
  enum: [...values],
  description,
});
export const anyJson = (description: string, example?: JsonValue): SchemaObject => ({
  description: `${description} Any JSON value.`,
  ...(example !== undefined && { example }),
});
export const arrayOf = (items: Schema, description: string, limits: Limits = {}): SchemaObject => ({
  type: 'array',
  items,
  description,
  ...limits,
});
export const mapOf = (values: Schema, description: string): SchemaObject => ({
  type: 'object',
  additionalProperties: values,
  description,
});
export const ref = (name: string): ReferenceObject => ({ $ref: `#/components/schemas/${name}` });

/** The same schema, or null. */
export function nullable(schema: Schema): SchemaObject {
  return { anyOf: [schema, { type: 'null' }] };
}

/** A part of a list, as every list answers it. */
export function pageOf(name: string): SchemaObject {
  return objectOf<{ items: unknown; nextCursor: unknown }>('A part of a list.', {
    items: arrayOf(ref(name), 'At most `limit` of them.'),
    nextCursor: nullable(text('Send it as `cursor` for what follows; null at the end.')),
  });
}
