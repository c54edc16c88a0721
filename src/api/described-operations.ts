import type { OpenAPIObject } from '@nestjs/swagger';
import type { Action } from '../models/access.js';
import type { ErrorCode } from '../models/errors.js';

type PathItem = OpenAPIObject['paths'][string];

/** An operation of the API's description, with what OpenAPI has no word for. */
export type Operation = NonNullable<PathItem['get']> & {
  /** What the caller must be allowed to do, as the access table has it; `PUBLIC` for anybody. */
  'x-needs'?: Action | 'PUBLIC';
  /** Every code that the route's problems may carry. */
  'x-error-codes'?: readonly ErrorCode[];
};

const methods = ['get', 'put', 'post', 'delete'] as const;

/** An operation, and where it stands. */
export interface DescribedOperation {
  readonly method: (typeof methods)[number];
  /** With its parameters in braces. */
  readonly path: string;
  readonly operation: Operation;
}

/** Every operation of a description, in its order. */
export function operationsOf({ paths }: OpenAPIObject): readonly DescribedOperation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ method, path, operation }] : [];
    }),
  );
}

/** Every operation of a description, by its method and address as Fastify names a route: `GET /v1/tenants/:tenantId`. */
export function routesOf(document: OpenAPIObject): ReadonlyMap<string, Operation> {
  return new Map(
    operationsOf(document).map(({ method, path, operation }) => [
      `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
      operation,
    ]),
  );
}

/** The names of an operation's parameters that stand in this place of the request. */
export function parameterNames({ parameters = [] }: Operation, place: 'path' | 'query'): readonly string[] {
  return parameters.flatMap((parameter) =>
    'in' in parameter && parameter.in === place ? [parameter.name] : [],
  );
}
