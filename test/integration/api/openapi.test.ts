import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { DescribedOperation } from '../../../src/api/described-operations.js';
import { closeResources, openResources } from '../../../src/modules/open-resources.js';
import type { Resources } from '../../../src/modules/resources.js';
import { createApp } from '../../../src/server.js';
import { createStore, type TestStore } from '../../support/chimera.js';
import { Description } from './description.js';
import { problems } from '../../../src/api/problems.js';

describe('the description of the API', () => {
  let store: TestStore;
  let resources: Resources;
  let app: NestFastifyApplication;
  let description: Description;

  beforeAll(async () => {
    store = await createStore('postgres');
    ({ resources } = await openResources(store.config));
    app = await createApp(resources);
    await app.init();
    const { payload } = await app.inject('/openapi.json');
    description = new Description(JSON.parse(payload) as Description['document']);
  });
  afterAll(async () => {
    await app.close();
    await closeResources(resources);
    await store.drop();
  });

  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone({ ...description.document }));
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
    expect(validator.version).toBe('3.1');
  });

  it('describes every route of the router, and no other', () => {
    const routes = routesOf(app.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false }))
      .filter((route) => !/^(HEAD |GET \/docs|GET \/openapi\.json$)/.test(route))
      .map((route) => route.replaceAll(/:(\w+)/g, '{$1}'));
    const described = description.operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(routes.toSorted()).toEqual(described.toSorted());
    expect(described.length).toBeGreaterThan(40);
  });

  it('says of every route what it is for, who may use it and what it answers', () => {
    const silent = description.operations.filter(({ operation }) => {
      const {
        summary = '',
        description: text = '',
        tags = [],
        operationId = '',
        responses,
        ...rest
      } = operation;
      const isPublic = rest['x-needs'] === 'PUBLIC';
      const isSecured = JSON.stringify(rest.security) === '[{"key":[]}]';
      const succeeds = Object.keys(responses).some((status) => status.startsWith('2'));
      const said = summary && text && operationId && tags.length === 1 && succeeds && rest['x-error-codes'];
      return !said || isPublic === isSecured;
    });
    expect(silent.map(nameOf)).toEqual([]);
  });

  it('describes each parameter, with a schema', () => {
    const silent = description.operations.flatMap((described) =>
      (described.operation.parameters ?? [])
        .filter((one) => !('name' in one && one.description && one.schema && !('$ref' in one.schema)))
        .map((one) => `${nameOf(described)} ${JSON.stringify(one)}`),
    );
    expect(silent).toEqual([]);
  });

  it('gives every body a closed schema and examples that fit it', () => {
    const bodies = description.operations.flatMap((described) => {
      const { requestBody } = described.operation;
      return requestBody && 'content' in requestBody ? [{ described, requestBody }] : [];
    });
    expect(bodies.length).toBe(21);
    for (const { described, requestBody } of bodies) {
      const { examples = {}, schema } = requestBody.content['application/json'] ?? {};
      const at = [
        'paths',
        described.path,
        described.method,
        'requestBody',
        'content',
        'application/json',
        'schema',
      ];
      expect([nameOf(described), Object.keys(examples).length > 0]).toEqual([nameOf(described), true]);
      for (const example of Object.values(examples)) {
        expect('value' in example && description.faultIn(example.value, ...at)).toBeUndefined();
      }
      expect(schema).toEqual({ $ref: expect.stringMatching(/^#\/components\/schemas\/\w+$/) });
      expect(description.faultIn({ unheardOf: 1 }, ...at)).toContain('must NOT have additional properties');
    }
  });

  it('requires of a body what cannot be left out, and nothing else', () => {
    const schemas = description.document.components?.schemas ?? {};
    const required = Object.fromEntries(
      Object.entries(schemas).flatMap(([name, schema]) =>
        name.endsWith('Body') && 'properties' in schema ? [[name, schema.required ?? []]] : [],
      ),
    );
    expect(required).toEqual({
      AgentErrorBody: ['code', 'message', 'retryable'],
      AssignBody: [],
      BacktestDraftBody: [],
      BacktestPolicyBody: ['policy'],
      ClaimBody: [],
      CreateApiKeyBody: ['name', 'role'],
      CreateSessionBody: [],
      CreateTenantBody: ['tenantId'],
      DecideBody: ['status'],
      DraftPolicyBody: ['policy'],
      EvaluateBody: ['output', 'confidence'],
      ExtendLeaseBody: ['agentId', 'leaseToken'],
      HeartbeatBody: ['status'],
      LeaseBody: ['agentId', 'leaseToken'],
      ProposePolicyBody: [],
      RegisterAgentBody: ['capabilities'],
      RevealBody: ['reason'],
      RotateApiKeyBody: [],
      SubmitBatchBody: ['tasks'],
      SubmitResultBody: ['agentId', 'leaseToken', 'status'],
      SubmitTaskBody: ['kind', 'input'],
    });
  });

  it('closes every shape that is answered, and describes every member of it', () => {
    const schemas = description.document.components?.schemas ?? {};
    const open: string[] = [];
    const walk = (schema: object, at: string): void => {
      const {
        type,
        properties,
        additionalProperties,
        description: text,
        $ref,
      } = schema as Readonly<Record<string, unknown>>;
      if ($ref !== undefined) return;
      if (type === 'object' && properties !== undefined && additionalProperties !== false) open.push(at);
      const isVariant = /\/(anyOf|allOf)\/|\/(items|additionalProperties)$/.test(at);
      if (at.includes('/properties/') && !isVariant && text === undefined && !('anyOf' in schema))
        open.push(at);
      for (const [key, part] of Object.entries(schema)) {
        if (typeof part === 'object' && part !== null && key !== 'example')
          walk(part as object, `${at}/${key}`);
      }
    };
    for (const [name, schema] of Object.entries(schemas)) walk(schema, name);
    expect(open.filter((at) => !/\/(properties|anyOf|allOf|required|enum)$/.test(at))).toEqual([]);
  });

  it('has an example of each problem, which is one', () => {
    const examples = description.document.components?.examples ?? {};
    for (const [code, example] of Object.entries(examples)) {
      if ('$ref' in example) throw new Error(`${code} is no example.`);
      expect(description.faultIn(example.value, 'components', 'schemas', 'Problem')).toBeUndefined();
      expect(example.value).toMatchObject({ code });
    }
    expect(Object.keys(examples)).toHaveLength(Object.keys(problems).length);
  });

  it('has examples in its schemas that fit them', () => {
    const schemas = description.document.components?.schemas ?? {};
    const wrong: string[] = [];
    const walk = (schema: object, pointer: readonly string[]): void => {
      if ('example' in schema && !('allOf' in schema)) {
        const fault = description.faultIn(schema.example, ...pointer);
        if (fault !== undefined) wrong.push(`${pointer.join('/')}: ${fault}`);
      }
      for (const [key, part] of Object.entries(schema)) {
        if (typeof part === 'object' && part !== null && key !== 'example')
          walk(part as object, [...pointer, key]);
      }
    };
    for (const [name, schema] of Object.entries(schemas)) walk(schema, ['components', 'schemas', name]);
    expect(wrong).toEqual([]);
  });
});

function nameOf({ method, path }: DescribedOperation): string {
  return `${method.toUpperCase()} ${path}`;
}

/** The routes in the router's own drawing of its tree, each as its method and path. */
function routesOf(tree: string): readonly string[] {
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', segment = '', methods = ''] = /^(.*)[├└]── (\S*)(?: \(([^)]+)\))?/.exec(line) ?? [];
    if (segment === '') return [];
    const depth = indent.length / 4;
    above.splice(depth, above.length, segment);
    return methods === '' ? [] : methods.split(', ').map((method) => `${method} ${above.join('')}`);
  });
}
