import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bodyLimits } from '../../../src/api/json-body.js';
import { digestOf } from '../../../src/models/digest.js';
import type { JsonObject, JsonValue } from '../../../src/models/json.js';
import { aKind, aResult, aTask } from '../../factories.js';
import { createStore, createTenant, mustBe, type TestStore, type TestTenant } from '../../support/chimera.js';
import { type Answer, Client, itemsOf, textOf } from '../../support/client.js';
import { rowCounts } from './row-counts.js';
import { sendBytes } from '../../support/wire.js';
import { claimNew, type Crew, handIn, type HeldTask, holdNew, register, worker } from './work.js';

/** What the input makes of itself, but for what a client adds: quotes and the member's name. */
const inlineString = (bytes: number) => 'x'.repeat(bytes - 2);
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('hostile input', () => {
  let store: TestStore;
  let url: string;
  let tenant: TestTenant;
  let crew: Crew;
  let held: HeldTask;
  let reviewId: string;

  beforeAll(async () => {
    // Nothing but the requests changes a row: no agent falls silent and no lease runs out meanwhile.
    const hour = 3_600_000;
    store = await createStore('postgres', { heartbeatIntervalMs: hour, leaseMs: hour });
    ({ url } = await store.start());
    tenant = await createTenant(url);
    const { path, submitter, agent } = tenant;
    crew = { path, submitter, agent };
    await register(crew);
    reviewId = await holdNew(crew);
    held = await claimNew(crew);
  });
  afterAll(() => store.drop());

  /** Every one of these is refused with one of the statuses, as a problem, and leaves every table as it was. */
  async function refused(
    sendings: Readonly<Record<string, () => Promise<Answer>>>,
    expected: Readonly<Record<string, string>> | string,
  ): Promise<void> {
    const before = await rowCounts(store.config.databaseUrl);
    const outcomes: Record<string, string> = {};
    for (const [name, send] of Object.entries(sendings)) outcomes[name] = outcomeOf(await send());
    expect(outcomes).toEqual(
      typeof expected === 'string'
        ? Object.fromEntries(Object.keys(sendings).map((name) => [name, expected]))
        : expected,
    );
    expect(await rowCounts(store.config.databaseUrl)).toEqual(before);
  }

  /** As the body of a task's submission, and as that of a result. */
  function inBodies(json: string): Readonly<Record<string, () => Promise<Answer>>> {
    const { path, submitter, agent } = tenant;
    const result = `"agentId":"${worker}","leaseToken":"${held.leaseToken}","status":"SUCCEEDED","confidence":1`;
    const task = `${path}/tasks/${held.taskId}`;
    return {
      submission: () => submitter.raw('POST', `${path}/tasks`, `{"kind":"${aKind}","input":${json}}`),
      batch: () =>
        submitter.raw('POST', `${path}/tasks/batch`, `{"tasks":[{"kind":"${aKind}","input":${json}}]}`),
      result: () => agent.raw('POST', `${task}/results`, `{${result},"output":${json}}`),
      metadata: () =>
        agent.raw(
          'PUT',
          `${path}/agents/${worker}`,
          `{"capabilities":["${aKind}"],"metadata":{"a":${json}}}`,
        ),
      edit: () =>
        tenant.operator.raw(
          'POST',
          `${path}/reviews/${reviewId}/decision`,
          `{"status":"APPROVED","editedOutput":${json}}`,
        ),
      evaluation: () =>
        tenant.operator.raw('POST', `${path}/policy/evaluate`, `{"confidence":1,"output":${json}}`),
    };
  }

  describe('in the form of a body', () => {
    it('is refused when it is not JSON', async () => {
      const { path, submitter } = tenant;
      const bodies = [
        '{',
        '{"kind":',
        "{'kind':1}",
        '{"kind":"a",}',
        'NaN',
        '{"a":NaN}',
        '{"a":Infinity}',
        'undefined',
        '\u0000',
      ];
      const sendings = bodies.map(
        (body) => [body, () => submitter.raw('POST', `${path}/tasks`, body)] as const,
      );
      await refused(Object.fromEntries(sendings), '400 MALFORMED_JSON');
    });

    it('is refused when it is JSON but no object', async () => {
      const { path, submitter } = tenant;
      const bodies = ['null', '[]', '"text"', '1', 'true', '[{"kind":"a","input":1}]'];
      const sendings = bodies.map(
        (body) => [body, () => submitter.raw('POST', `${path}/tasks`, body)] as const,
      );
      await refused(Object.fromEntries(sendings), '400 VALIDATION_FAILED');
    });

    it('is refused when it is empty and something is needed', async () => {
      const { path, submitter, admin, agent } = tenant;
      await refused(
        {
          task: () => submitter.raw('POST', `${path}/tasks`, ''),
          'no body at all': () => submitter.post(`${path}/tasks`),
          tenant: () => admin.raw('POST', '/v1/tenants', ''),
          result: () => agent.raw('POST', `${path}/tasks/${held.taskId}/results`, ''),
        },
        '400 VALIDATION_FAILED',
      );
    });

    it('is refused under another type', async () => {
      const { path, submitter } = tenant;
      const body = JSON.stringify(aTask());
      const types = [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'application/xml',
        'application/json-patch+json',
        '*/*',
        '',
      ];
      const sendings = types.map(
        (type) =>
          [type, () => submitter.raw('POST', `${path}/tasks`, body, { 'content-type': type })] as const,
      );
      await refused(Object.fromEntries(sendings), '415 UNSUPPORTED_MEDIA_TYPE');
    });

    it('is refused when it is not UTF-8', async () => {
      const { tenantId } = tenant;
      const body = Buffer.from(`{"kind":"${aKind}","input":"\u00ff"}`, 'latin1');
      const head = [
        `POST /v1/tenants/${tenantId}/tasks HTTP/1.1`,
        'host: localhost',
        `authorization: Bearer ${tenant.submitter.key}`,
        'content-type: application/json',
        `content-length: ${body.length}`,
        'connection: close',
      ];
      const answer = await sendBytes(url, Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.body).toContain('MALFORMED_JSON');
    });

    it('is taken up to 256 KiB an input or output, and not a byte more', async () => {
      const { path, submitter, operator } = tenant;
      const fits = inlineString(bodyLimits.inlineBytes);
      const task = mustBe(202, await submitter.post(`${path}/tasks`, aTask({ kind: 'big', input: fits })));
      const read = await submitter.get(`${path}/tasks/${textOf(task.body.taskId)}`);
      expect(read.body.input).toBe(fits);
      mustBe(200, await operator.post(`${path}/policy/evaluate`, { output: fits, confidence: 1 }));
      await refused(inBodies(JSON.stringify(`${fits}x`)), {
        ...Object.fromEntries(Object.keys(inBodies('')).map((name) => [name, '413 PAYLOAD_TOO_LARGE'])),
      });
    });

    it('counts bytes, not characters', async () => {
      const { path, submitter } = tenant;
      const characters = 'é'.repeat(bodyLimits.inlineBytes / 2);
      await refused(
        { accents: () => submitter.post(`${path}/tasks`, aTask({ input: characters })) },
        '413 PAYLOAD_TOO_LARGE',
      );
      mustBe(202, await submitter.post(`${path}/tasks`, aTask({ kind: 'big', input: characters.slice(1) })));
    });

    it('is refused when the whole of it is too large', async () => {
      const { path, submitter, operator } = tenant;
      const tooMuch = JSON.stringify({ padding: 'x'.repeat(bodyLimits.bytes) });
      const thousandAndOne = JSON.stringify({
        tasks: Array.from({ length: 1001 }, () => ({ kind: 'a', input: 1 })),
      });
      const half = inlineString(bodyLimits.inlineBytes);
      const tooManyBytes = JSON.stringify({
        tasks: Array.from({ length: 33 }, () => ({ kind: 'a', input: half })),
      });
      await refused(
        {
          task: () => submitter.raw('POST', `${path}/tasks`, tooMuch),
          policy: () => operator.raw('PUT', `${path}/policy`, tooMuch),
          'a batch of bytes': () => submitter.raw('POST', `${path}/tasks/batch`, tooManyBytes),
          'a batch of tasks': () => submitter.raw('POST', `${path}/tasks/batch`, thousandAndOne),
          'an empty batch': () => submitter.post(`${path}/tasks/batch`, { tasks: [] }),
        },
        {
          task: '413 PAYLOAD_TOO_LARGE',
          policy: '413 PAYLOAD_TOO_LARGE',
          'a batch of bytes': '413 PAYLOAD_TOO_LARGE',
          'a batch of tasks': '400 VALIDATION_FAILED',
          'an empty batch': '400 VALIDATION_FAILED',
        },
      );
    });

    it('takes a batch that is larger than a single body may be', async () => {
      const { path, submitter } = tenant;
      const input = inlineString(bodyLimits.inlineBytes);
      const tasks = Array.from({ length: 6 }, () => ({ kind: 'big', input }));
      expect(itemsOf(mustBe(202, await submitter.post(`${path}/tasks/batch`, { tasks })))).toHaveLength(6);
    });

    it.each([65, 1_000, 100_000])('is refused when it is nested %d deep', async (depth) => {
      await refused(inBodies(nested(depth)), '400 VALIDATION_FAILED');
    });

    it('is taken when it is nested as deep as it may be', async () => {
      const { path, submitter } = tenant;
      // The body itself is the first level.
      mustBe(202, await submitter.raw('POST', `${path}/tasks`, `{"kind":"deep","input":${nested(63)}}`));
    });

    it('is refused with prototype members, however deep', async () => {
      await refused(inBodies('{"__proto__":{"polluted":true}}'), '400 MALFORMED_JSON');
      await refused(inBodies('[{"a":{"\\u005f_proto__":1}}]'), '400 MALFORMED_JSON');
      await refused(inBodies('{"constructor":{"prototype":{"polluted":true}}}'), '400 MALFORMED_JSON');
      expect(Reflect.has({}, 'polluted')).toBe(false);
    });

    it('is refused with lone surrogates and NUL, in strings and in names', async () => {
      for (const json of [
        '"\\ud800"',
        '{"a":["\\udc00 b"]}',
        '{"\\ud83d":1}',
        '"a\\u0000"',
        '{"\\u0000":1}',
      ]) {
        await refused(inBodies(json), '400 VALIDATION_FAILED');
      }
    });

    it('is refused with numbers that JSON cannot carry on', async () => {
      await refused(inBodies('1e999'), '400 VALIDATION_FAILED');
      await refused(inBodies('[{"a":-1e400}]'), '400 VALIDATION_FAILED');
    });
  });

  describe('in members that look like JavaScript', () => {
    const innocent: JsonObject = JSON.parse(
      '{"constructor":"c","toString":1,"hasOwnProperty":{"valueOf":null},"then":"t","toJSON":[1],"length":-1,' +
        '"prototype":{"constructor":1},"__defineGetter__":true,"":"empty","a/b~c":"pointer","\\u202e":"bidi","💥":"👩‍👩‍👧"}',
    ) as JsonObject;

    it('is taken in inputs and outputs, and comes back as it went in', async () => {
      const { path, submitter } = tenant;
      const task = await claimNew(crew, { input: innocent });
      expect(task.assignment.task?.input).toEqual(innocent);
      mustBe(200, await handIn(crew, task, aResult({ output: innocent })));
      const result = mustBe(200, await submitter.get(`${path}/tasks/${task.taskId}/result`));
      expect(result.body).toMatchObject({ status: 'SUCCEEDED', output: innocent });
      expect(Object.keys(result.body.output ?? {}).toSorted()).toEqual(Object.keys(innocent).toSorted());
    });

    it('is taken in what is held, edited and approved, under its own digest', async () => {
      const { path, operator, submitter } = tenant;
      const task = await claimNew(crew, { onApproval: 'COMPLETE' });
      const receipt = await handIn(crew, task, aResult({ output: innocent, confidence: 0 }));
      const review = `${path}/reviews/${textOf(receipt.body.reviewId)}`;
      const card = await operator.get(review);
      expect(card.body).toMatchObject({ proposedOutput: innocent, outputDigest: digestOf(innocent) });
      const edited = { then: innocent };
      const decided = await operator.post(`${review}/decision`, { status: 'APPROVED', editedOutput: edited });
      expect(mustBe(200, decided).body.outputDigest).toBe(digestOf(edited));
      expect((await submitter.get(`${path}/tasks/${task.taskId}/result`)).body.output).toEqual(edited);
    });

    it('is taken in metadata and metrics', async () => {
      const { path, agent } = tenant;
      const address = `${path}/agents/odd`;
      mustBe(200, await agent.put(address, { capabilities: ['toString'], metadata: innocent }));
      mustBe(200, await agent.post(`${address}/heartbeat`, { status: 'BUSY', metrics: innocent }));
      expect((await agent.get(address)).body).toMatchObject({ metadata: innocent, metrics: innocent });
    });

    it('is unknown where members are named', async () => {
      const { path, submitter, operator } = tenant;
      const names = ['constructor', 'toString', 'hasOwnProperty', 'then', '__defineGetter__'];
      const sendings = names.flatMap((name) => [
        [`task ${name}`, () => submitter.post(`${path}/tasks`, { ...aTask(), [name]: {} })] as const,
        [
          `batch ${name}`,
          () => submitter.post(`${path}/tasks/batch`, { tasks: [{ ...aTask(), [name]: 1 }] }),
        ] as const,
        [`query ${name}`, () => submitter.get(`${path}/tasks?${name}=1&${name}=2`)] as const,
      ]);
      await refused(Object.fromEntries(sendings), '400 VALIDATION_FAILED');
      await refused(
        { query: () => submitter.get(`${path}/tasks?__proto__=1&__proto__=2`) },
        '400 VALIDATION_FAILED',
      );
      const policies = names.map(
        (name) => [name, () => operator.put(`${path}/policy`, { [name]: {} })] as const,
      );
      await refused(Object.fromEntries(policies), '400 POLICY_INVALID');
    });
  });

  describe('in numbers', () => {
    it('comes back as IEEE 754 has it, which is what its digest is of', async () => {
      const { path, submitter } = tenant;
      const task = await claimNew(crew);
      const { taskId, leaseToken } = task;
      const head = `"agentId":"${worker}","leaseToken":"${leaseToken}","status":"SUCCEEDED","confidence":1`;
      const sent = '[0.1,1e21,-0,9007199254740993,1.0,1E2,5e-324,0.30000000000000004,123456789012345680000]';
      mustBe(
        200,
        await tenant.agent.raw('POST', `${path}/tasks/${taskId}/results`, `{${head},"output":${sent}}`),
      );
      const response = await fetch(`${url}${path}/tasks/${taskId}/result`, {
        headers: { authorization: `Bearer ${submitter.key}` },
      });
      // An integer beyond 2^53 is rounded, minus zero loses its sign: RFC 8785 and JSON.stringify agree on both.
      const kept = '[0.1,1e+21,0,9007199254740992,1,100,5e-324,0.30000000000000004,123456789012345680000]';
      expect(await response.text()).toContain(`"output":${kept}`);
    });

    it('is refused as a confidence outside of 0..1', async () => {
      const { path, agent, operator } = tenant;
      const task = `${path}/tasks/${held.taskId}/results`;
      const result = `"agentId":"${worker}","leaseToken":"${held.leaseToken}","status":"SUCCEEDED","output":1`;
      for (const confidence of ['-0.0000001', '1.0000001', '1e999', '"0.9"', 'null', 'true', '[0.5]', '{}']) {
        await refused(
          {
            [`result ${confidence}`]: () => agent.raw('POST', task, `{${result},"confidence":${confidence}}`),
            [`evaluation ${confidence}`]: () =>
              operator.raw('POST', `${path}/policy/evaluate`, `{"output":1,"confidence":${confidence}}`),
          },
          '400 VALIDATION_FAILED',
        );
      }
      await refused(
        {
          missing: () => agent.raw('POST', task, `{${result}}`),
        },
        '400 VALIDATION_FAILED',
      );
      await refused(
        { NaN: () => agent.raw('POST', task, `{${result},"confidence":NaN}`) },
        '400 MALFORMED_JSON',
      );
    });

    it('is refused beyond the bounds of each field, and taken at them', async () => {
      const { path, submitter } = tenant;
      const bounds: Readonly<Record<string, readonly [number, number]>> = {
        priority: [0, 100],
        maxAttempts: [1, 100],
        timeoutMs: [1, 2_147_483_647],
        delayMs: [0, 31_622_400_000],
      };
      for (const [field, [least, most]] of Object.entries(bounds)) {
        const sendings = [least - 1, most + 1, least + 0.5, 1e21, -1e21].map(
          (value) =>
            [
              `${field} ${value}`,
              () => submitter.post(`${path}/tasks`, aTask({ kind: 'edge', [field]: value })),
            ] as const,
        );
        await refused(Object.fromEntries(sendings), '400 VALIDATION_FAILED');
        for (const value of [least, most]) {
          mustBe(202, await submitter.post(`${path}/tasks`, aTask({ kind: 'edge', [field]: value })));
        }
      }
    });
  });

  describe('in the fields of bodies', () => {
    const wrong: readonly JsonValue[] = [null, true, 1.5, 'text!', [], ['a'], {}, { a: 1 }];
    type Sending = readonly [
      method: string,
      path: string,
      body: JsonObject,
      fields: Readonly<Record<string, number>>,
    ];

    it('is refused with a wrong type, an unknown field beside it, or a field left out', async () => {
      const { path, admin } = tenant;
      const task = `${path}/tasks/${held.taskId}`;
      const lease = { agentId: worker, leaseToken: held.leaseToken };
      // Behind each field: how many of the wrong values are right for it after all.
      const routes: readonly Sending[] = [
        ['POST', '/v1/tenants', { tenantId: 't_hostile' }, { tenantId: 0, name: 1 }],
        ['POST', `${path}/api-keys`, { name: 'a', role: 'AUDITOR' }, { name: 1, role: 0, expiresAt: 0 }],
        ['POST', `${path}/sessions`, {}, { requestedBy: 1 }],
        [
          'PUT',
          `${path}/agents/a`,
          { capabilities: [] },
          { name: 1, role: 0, version: 1, capabilities: 2, maxConcurrentTasks: 0, metadata: 2 },
        ],
        [
          'POST',
          `${path}/agents/${worker}/heartbeat`,
          { status: 'IDLE' },
          { status: 0, metrics: 2, taskIds: 1 },
        ],
        ['POST', `${path}/agents/${worker}/claims`, {}, { maxTasks: 0, waitMs: 0, kinds: 2 }],
        [
          'POST',
          `${path}/tasks`,
          aTask(),
          {
            kind: 0,
            priority: 0,
            maxAttempts: 0,
            timeoutMs: 0,
            delayMs: 0,
            sessionId: 0,
            parentTaskId: 0,
            onApproval: 0,
          },
        ],
        ['POST', `${path}/tasks/batch`, { tasks: [aTask()] }, { tasks: 0 }],
        [
          'POST',
          `${task}/results`,
          { ...lease, ...aResult() },
          { agentId: 0, leaseToken: 1, status: 0, confidence: 0, error: 0, outputDigest: 0 },
        ],
        ['POST', `${task}/lease`, lease, { agentId: 0, leaseToken: 1, extendMs: 0 }],
        ['POST', `${task}/release`, lease, { agentId: 0, leaseToken: 1 }],
        [
          'POST',
          `${path}/reviews/${reviewId}/decision`,
          { status: 'REJECTED' },
          { status: 0, comment: 1, confirmReasons: 1 },
        ],
        ['POST', `${path}/reviews/${reviewId}/assign`, {}, { ttlMs: 0 }],
        [
          'POST',
          `${path}/policy/evaluate`,
          { output: 1, confidence: 1 },
          { confidence: 0, kind: 0, policy: 2 },
        ],
      ];
      for (const [method, address, body, fields] of routes) {
        const unknown = () => admin.raw(method, address, JSON.stringify({ ...body, unheardOf: 1 }));
        await refused({ [`${address} unknown`]: unknown }, '400 VALIDATION_FAILED');
        for (const [field, right] of Object.entries(fields)) {
          const before = await rowCounts(store.config.databaseUrl);
          const refusals: Answer[] = [];
          for (const value of wrong) {
            // What is right for a field would be taken: beside an unknown one it is not, and the fault names only that.
            const sent = JSON.stringify({ ...body, [field]: value, unheardOf: 1 });
            const answer = await admin.raw(method, address, sent);
            expect(outcomeOf(answer)).toBe('400 VALIDATION_FAILED');
            refusals.push(answer);
          }
          const blamed = refusals.filter(({ body: { errors } }) =>
            JSON.stringify(errors).includes(`"/${field}`),
          );
          expect([address, field, wrong.length - blamed.length]).toEqual([address, field, right]);
          expect(await rowCounts(store.config.databaseUrl)).toEqual(before);
        }
      }
    }, 60_000);

    it('is refused with texts that are too long, too short or no text of that sort', async () => {
      const { path, admin, submitter, operator } = tenant;
      const long = 'x'.repeat(201);
      await refused(
        {
          'a long name': () => admin.post('/v1/tenants', { tenantId: 't_long', name: long }),
          'an empty name': () => admin.post(`${path}/api-keys`, { name: '', role: 'AGENT' }),
          'an admin key': () => admin.post(`${path}/api-keys`, { name: 'a', role: 'ADMIN' }),
          'a past end': () =>
            admin.post(`${path}/api-keys`, { name: 'a', role: 'AGENT', expiresAt: '2001-01-01T00:00:00Z' }),
          'no day': () =>
            admin.post(`${path}/api-keys`, { name: 'a', role: 'AGENT', expiresAt: '2999-02-30T00:00:00Z' }),
          'no time': () =>
            admin.post(`${path}/api-keys`, { name: 'a', role: 'AGENT', expiresAt: 'tomorrow' }),
          'no tenant id': () => admin.post('/v1/tenants', { tenantId: 'T_UPPER' }),
          'a tenant id with a line': () => admin.post('/v1/tenants', { tenantId: 't_a\n' }),
          'no kind': () => submitter.post(`${path}/tasks`, aTask({ kind: 'a b' })),
          'a long kind': () => submitter.post(`${path}/tasks`, aTask({ kind: long })),
          'no uuid': () => submitter.post(`${path}/tasks`, aTask({ sessionId: '123' })),
          'a long comment': () =>
            operator.post(`${path}/reviews/${reviewId}/decision`, {
              status: 'REJECTED',
              comment: 'x'.repeat(4001),
            }),
        },
        '400 VALIDATION_FAILED',
      );
    });

    it('is refused where a route takes none', async () => {
      const { path, operator } = tenant;
      await refused(
        {
          pause: () => operator.post(`${path}/agents/${worker}/pause`, { until: 'tomorrow' }),
          unassign: () => operator.post(`${path}/reviews/${reviewId}/unassign`, [1]),
          removal: () => operator.send('DELETE', `${path}/agents/${worker}`, { force: true }),
        },
        '400 VALIDATION_FAILED',
      );
    });

    it('names each fault and where it is, and never what was sent', async () => {
      const { path, submitter } = tenant;
      const answer = await submitter.post(`${path}/tasks`, {
        kind: 'canary kind',
        input: 1,
        priority: 'canary',
        colour: 'canary',
      });
      expect(answer.body.errors).toEqual([
        { pointer: '/colour', message: expect.stringContaining('is not known') },
        { pointer: '/kind', message: expect.stringContaining('must match') },
        { pointer: '/priority', message: expect.any(String) },
      ]);
      expect(JSON.stringify(answer.body)).not.toContain('canary');
    });
  });

  describe('in the address', () => {
    it('is no route, whatever the method', async () => {
      const { path, admin } = tenant;
      const sendings = ['PATCH', 'OPTIONS', 'PROPFIND', 'PUT'].map(
        (method) => [method, () => admin.raw(method, `${path}/tasks`)] as const,
      );
      await refused(
        {
          ...Object.fromEntries(sendings),
          '/': () => admin.get('/'),
          'trailing slash': () => admin.get(`${path}/`),
          'double slash': () => admin.get(`/${path}`),
          'upper case': () => admin.get(path.toUpperCase()),
          'a file': () => admin.get('/docs/../../package.json'),
          'an escaped file': () => admin.get('/docs/..%2f..%2fpackage.json'),
        },
        '404 ROUTE_NOT_FOUND',
      );
    });

    it('is not found where an id is none of ours', async () => {
      const { path, admin } = tenant;
      for (const id of ['1', '%00', 'x'.repeat(5000), '..%2f..', '%F0%9F%92%A5', "'%20OR%201=1--", 'null']) {
        await refused(
          {
            [`tenant ${id}`]: () => admin.get(`/v1/tenants/${id}`),
            [`task ${id}`]: () => admin.get(`${path}/tasks/${id}`),
            [`result ${id}`]: () => admin.get(`${path}/tasks/${id}/result`),
            [`review ${id}`]: () => admin.post(`${path}/reviews/${id}/decision`, { status: 'APPROVED' }),
            [`session ${id}`]: () => admin.post(`${path}/sessions/${id}/stop`),
            [`key ${id}`]: () => admin.delete(`${path}/api-keys/${id}`),
          },
          {
            [`tenant ${id}`]: '404 TENANT_NOT_FOUND',
            [`task ${id}`]: '404 TASK_NOT_FOUND',
            [`result ${id}`]: '404 TASK_NOT_FOUND',
            [`review ${id}`]: '404 REVIEW_NOT_FOUND',
            [`session ${id}`]: '404 SESSION_NOT_FOUND',
            [`key ${id}`]: '404 API_KEY_NOT_FOUND',
          },
        );
      }
    });

    it('is refused where an agent could not be called that', async () => {
      const { path, agent } = tenant;
      for (const id of ['-a', 'a%00b', 'a%20b', 'x'.repeat(129), '%E2%80%AE']) {
        await refused(
          {
            [`register ${id}`]: () => agent.put(`${path}/agents/${id}`, { capabilities: [] }),
            [`claim ${id}`]: () => agent.post(`${path}/agents/${id}/claims`, {}),
          },
          '400 VALIDATION_FAILED',
        );
      }
    });

    it('is refused when it cannot be decoded, or is longer than any address', async () => {
      const { admin } = tenant;
      await refused(
        {
          'no escape': () => admin.get('/v1/tenants/%zz'),
          'half an escape': () => admin.get('/v1/tenants/%E2%28'),
          'a long path': () => admin.get(`/v1/tenants/${'x'.repeat(20_000)}`),
          'a long query': () => admin.get(`/v1/tenants/t_a/tasks?kind=${'x'.repeat(20_000)}`),
        },
        '400 VALIDATION_FAILED',
      );
      expectNoUseForBrowsers((await admin.get('/v1/tenants/%zz')).headers);
    });

    it('is refused in the query', async () => {
      const { path, admin } = tenant;
      const queries: Readonly<Record<string, readonly string[]>> = {
        tasks: [
          ...[
            'limit=0',
            'limit=201',
            'limit=-1',
            'limit=1.5',
            'limit=1e1',
            'limit=',
            'limit=%2050',
            'limit=0x10',
          ],
          ...[
            'limit=1&limit=2',
            'limit[]=1',
            'kind=a&kind=b',
            'cursor=a&cursor=b',
            'status=queued',
            'status=',
          ],
          ...[
            'sessionId=1',
            'agentId=%00',
            'kind=a%00',
            'unknown=1',
            '=1',
            '&&&=&',
            'limit=99999999999999999999',
          ],
        ],
        reviews: ['reason=PII&reason=PII', 'sort=newest', 'assignee=%00', `assignee=${'x'.repeat(501)}`],
        audit: ['type=task', 'from=yesterday', 'from=2026-02-30T00:00:00Z', 'to=1', 'taskId=1', 'actor=%00'],
        agents: ['status=SLEEPING', 'capability=a%20b'],
        stats: ['unknown=1'],
        policy: ['version=1'],
      };
      for (const [list, searches] of Object.entries(queries)) {
        const sendings = searches.map(
          (search) => [`${list}?${search}`, () => admin.get(`${path}/${list}?${search}`)] as const,
        );
        await refused(Object.fromEntries(sendings), '400 VALIDATION_FAILED');
      }
      const result = `${path}/tasks/${held.taskId}/result`;
      await refused(
        {
          'too long a wait': () => admin.get(`${result}?waitMs=30001`),
          'a negative wait': () => admin.get(`${result}?waitMs=-1`),
        },
        '400 VALIDATION_FAILED',
      );
    });
  });

  describe('in cursors', () => {
    const forged = (value: JsonValue) => Buffer.from(JSON.stringify(value)).toString('base64url');

    it('is refused when no list of this tenant and filter gave it', async () => {
      const { path, admin } = tenant;
      const other = await createTenant(url);
      mustBe(202, await other.submitter.post(`${other.path}/tasks/batch`, { tasks: [aTask(), aTask()] }));
      const cursorOf = async (address: string) =>
        textOf(mustBe(200, await admin.get(address)).body.nextCursor);
      const own = await cursorOf(`${path}/tasks?limit=1`);
      const elsewhere = await cursorOf(`${other.path}/tasks?limit=1`);
      const audit = await cursorOf(`${path}/audit?limit=1`);
      await refused(
        {
          'of another tenant': () => admin.get(`${path}/tasks?cursor=${elsewhere}`),
          'of another list': () => admin.get(`${path}/tasks?cursor=${audit}`),
          'of another filter': () => admin.get(`${path}/tasks?kind=${aKind}&cursor=${own}`),
          'of a shorter tag': () => admin.get(`${path}/tasks?cursor=${own.slice(0, -4)}`),
          garbage: () => admin.get(`${path}/tasks?cursor=garbage`),
          'garbage that decodes': () => admin.get(`${path}/tasks?cursor=${forged(['x'])}`),
          null: () => admin.get(`${path}/tasks?cursor=${forged(null)}`),
          deep: () => admin.get(`${path}/tasks?cursor=${forged([[[[]]]])}`),
        },
        '400 INVALID_CURSOR',
      );
      expect(itemsOf(mustBe(200, await admin.get(`${path}/tasks?limit=1&cursor=${own}`)))).toHaveLength(1);
    });

    it('is refused with positions that the list cannot have, under a right tag', async () => {
      const { path, admin } = tenant;
      mustBe(200, await admin.put(`${path}/policy`, {}));
      const lists = [`${path}/policy/versions`, `${path}/audit`, `${path}/tasks`, `${path}/agents`];
      for (const address of lists) {
        const answer = mustBe(200, await admin.get(`${address}?limit=1`));
        const decoded = JSON.parse(
          Buffer.from(textOf(answer.body.nextCursor), 'base64url').toString(),
        ) as readonly JsonValue[];
        const tag = decoded[0] ?? null;
        const positions: readonly JsonValue[] = [
          1e15 + 0.5,
          -1,
          '1',
          null,
          1e300,
          "' OR 1=1",
          '\u0000',
          [],
          {},
        ];
        const sendings = positions.map(
          (position) =>
            [
              `${address} ${JSON.stringify(position)}`,
              () => admin.get(`${address}?limit=1&cursor=${forged([tag, position])}`),
            ] as const,
        );
        // An agent's id may well be "1".
        const wrong = sendings.filter(([name]) => !name.endsWith('agents "1"'));
        await refused(Object.fromEntries(wrong), '400 INVALID_CURSOR');
      }
      const versions = mustBe(200, await admin.get(`${path}/policy/versions?limit=1`));
      const [tag] = JSON.parse(
        Buffer.from(textOf(versions.body.nextCursor), 'base64url').toString(),
      ) as readonly JsonValue[];
      const beyond = forged([tag ?? null, 2_147_483_648]);
      await refused(
        { 'beyond the column': () => admin.get(`${path}/policy/versions?limit=1&cursor=${beyond}`) },
        '400 INVALID_CURSOR',
      );
    });
  });

  describe('in headers', () => {
    it('is refused as a credential', async () => {
      const { path } = tenant;
      const key = tenant.auditor.key;
      const credentials = [
        '',
        'Bearer',
        `Bearer  `,
        `bearer${key}`,
        `Basic ${key}`,
        `Bearer ${key} ${key}`,
        `Bearer ${key}x`,
        `Bearer ${'x'.repeat(8000)}`,
        'Bearer é',
      ];
      const sendings = credentials.map(
        (authorization) => [authorization, () => new Client(url, '').get(path, { authorization })] as const,
      );
      await refused(Object.fromEntries(sendings), '401 UNAUTHENTICATED');
    });

    it('is refused in If-Match', async () => {
      const { path, operator } = tenant;
      const decision = `${path}/reviews/${reviewId}/decision`;
      const tags = ['1', 'W/"1"', '"1", "2"', '"x"', '""', '"-1"', '"99999999999999999999"'];
      const sendings = tags.map(
        (tag) => [tag, () => operator.post(decision, { status: 'APPROVED' }, { 'if-match': tag })] as const,
      );
      await refused(Object.fromEntries(sendings), '400 VALIDATION_FAILED');
    });

    it('is refused in Idempotency-Key', async () => {
      const { path, submitter } = tenant;
      const keys = ['', 'x'.repeat(256), 'é', 'a\tb'];
      const sendings = keys.map(
        (key) => [key, () => submitter.post(`${path}/tasks`, aTask(), { 'idempotency-key': key })] as const,
      );
      await refused(Object.fromEntries(sendings), '400 VALIDATION_FAILED');
    });

    it('is refused in Last-Event-ID', async () => {
      const { path, auditor } = tenant;
      const ids = ['x', '-1', '1.5', '99999999999999999999', "1'"];
      const sendings = ids.map(
        (id) => [id, () => auditor.get(`${path}/events`, { 'last-event-id': id })] as const,
      );
      await refused(Object.fromEntries(sendings), '400 VALIDATION_FAILED');
    });

    it('starts a new trace where traceparent cannot be read, as W3C Trace Context demands', async () => {
      const { path, submitter } = tenant;
      const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
      const good = `00-${trace}-00f067aa0ba902b7-01`;
      const submit = (traceparent: string) =>
        submitter.post(`${path}/tasks`, aTask({ kind: 'traced' }), { traceparent });
      expect(mustBe(202, await submit(good)).body.traceId).toBe(trace);
      const wrong = [
        'x',
        `ff-${trace}-00f067aa0ba902b7-01`,
        good.toUpperCase(),
        `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
      ];
      for (const traceparent of wrong) {
        const { body } = mustBe(202, await submit(traceparent));
        expect(body.traceId).toMatch(/^[0-9a-f]{32}$/);
        expect(body.traceId).not.toBe(trace);
      }
    });

    it('is not taken up as a request id', async () => {
      const { path, auditor } = tenant;
      for (const sent of ['', 'a b', 'x'.repeat(129), '{"level":60}']) {
        const { headers } = await auditor.get(path, { 'x-request-id': sent });
        expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      }
      expect((await auditor.get(path, { 'x-request-id': 'mine-17' })).headers.get('x-request-id')).toBe(
        'mine-17',
      );
    });

    it.each([
      ['a NUL', 'GET /health/live HTTP/1.1\r\nhost: a\r\nx-a: b\u0000c\r\n\r\n'],
      ['no method', 'NONSENSE / HTTP/1.1\r\nhost: a\r\n\r\n'],
      ['no HTTP', 'hello\r\n\r\n'],
      ['too many headers', `GET /health/live HTTP/1.1\r\nhost: a\r\nx-a: ${'x'.repeat(20_000)}\r\n\r\n`],
      [
        'two lengths',
        'POST /v1/tenants HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na',
      ],
      ['a length that is none', 'POST /v1/tenants HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n'],
      [
        'a length and chunks',
        'POST /v1/tenants HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
    ])('is answered with a problem: %s', async (_name, bytes) => {
      const answer = await sendBytes(url, bytes);
      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expectNoUseForBrowsers(answer.headers);
      expect(JSON.parse(answer.body)).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' });
    });
  });

  describe("in another tenant's ids", () => {
    let other: TestTenant;
    let theirs: {
      readonly taskId: string;
      readonly reviewId: string;
      readonly sessionId: string;
      readonly keyId: string;
    };

    beforeAll(async () => {
      other = await createTenant(url);
      const theirCrew = { path: other.path, submitter: other.submitter, agent: other.agent };
      await register(theirCrew);
      const session = await other.submitter.post(`${other.path}/sessions`);
      const [key] = itemsOf(await other.admin.get(`${other.path}/api-keys?limit=1`));
      const theirReview = await holdNew(theirCrew);
      const card = await other.operator.get(`${other.path}/reviews/${theirReview}`);
      theirs = {
        taskId: textOf(card.body.taskId),
        reviewId: theirReview,
        sessionId: textOf(session.body.sessionId),
        keyId: textOf(key?.keyId),
      };
    });

    it('finds nothing, with a key of the own tenant and in its own path', async () => {
      const { path, operator, submitter, agent, admin, auditor } = tenant;
      const lease = { agentId: worker, leaseToken: held.leaseToken };
      await refused(
        {
          task: () => submitter.get(`${path}/tasks/${theirs.taskId}`),
          result: () => submitter.get(`${path}/tasks/${theirs.taskId}/result`),
          history: () => auditor.get(`${path}/tasks/${theirs.taskId}/history`),
          cancel: () => submitter.post(`${path}/tasks/${theirs.taskId}/cancel`),
          results: () => agent.post(`${path}/tasks/${theirs.taskId}/results`, { ...lease, ...aResult() }),
          lease: () => agent.post(`${path}/tasks/${theirs.taskId}/lease`, lease),
          parent: () => submitter.post(`${path}/tasks`, aTask({ parentTaskId: theirs.taskId })),
          review: () => operator.get(`${path}/reviews/${theirs.reviewId}`),
          decision: () =>
            operator.post(`${path}/reviews/${theirs.reviewId}/decision`, { status: 'APPROVED' }),
          assign: () => operator.post(`${path}/reviews/${theirs.reviewId}/assign`),
          session: () => submitter.get(`${path}/sessions/${theirs.sessionId}`),
          stop: () => submitter.post(`${path}/sessions/${theirs.sessionId}/stop`),
          'task in session': () => submitter.post(`${path}/tasks`, aTask({ sessionId: theirs.sessionId })),
          'session events': () => auditor.get(`${path}/sessions/${theirs.sessionId}/events`),
          key: () => admin.delete(`${path}/api-keys/${theirs.keyId}`),
        },
        {
          task: '404 TASK_NOT_FOUND',
          result: '404 TASK_NOT_FOUND',
          history: '404 TASK_NOT_FOUND',
          cancel: '404 TASK_NOT_FOUND',
          results: '404 TASK_NOT_FOUND',
          lease: '404 TASK_NOT_FOUND',
          parent: '404 TASK_NOT_FOUND',
          review: '404 REVIEW_NOT_FOUND',
          decision: '404 REVIEW_NOT_FOUND',
          assign: '404 REVIEW_NOT_FOUND',
          session: '404 SESSION_NOT_FOUND',
          stop: '404 SESSION_NOT_FOUND',
          'task in session': '404 SESSION_NOT_FOUND',
          'session events': '404 SESSION_NOT_FOUND',
          key: '404 API_KEY_NOT_FOUND',
        },
      );
    });

    it('filters lists down to nothing', async () => {
      const { path, auditor } = tenant;
      for (const search of [
        `tasks?sessionId=${theirs.sessionId}`,
        `audit?taskId=${theirs.taskId}`,
        `audit?reviewId=${theirs.reviewId}`,
      ]) {
        expect(itemsOf(mustBe(200, await auditor.get(`${path}/${search}`)))).toEqual([]);
      }
    });
  });

  it('leaves a server that is well', async () => {
    mustBe(200, await new Client(url, '').get('/health/ready'));
    mustBe(200, await handIn(crew, held, aResult()));
  });
});

/** No browser takes it for a page, keeps it, or shows it in a frame. */
function expectNoUseForBrowsers(headers: Headers): void {
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
}

/** The status and the code of a problem, which has every member that it must have. */
function outcomeOf({ status, body, headers }: Answer): string {
  if (status < 400) return `${status}: ${JSON.stringify(body).slice(0, 200)}`;
  expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(headers.get('x-request-id')).toMatch(/./);
  expect(body).toMatchObject({
    type: expect.stringMatching(/^urn:chimera:problem:[a-z-]+$/),
    title: expect.any(String),
    status,
    detail: expect.stringMatching(/\S/),
    instance: expect.stringMatching(/^\//),
    code: expect.stringMatching(/^[A-Z_]+$/),
  });
  if (
    textOf(body.code) === 'VALIDATION_FAILED' &&
    !/(cannot be read|may have at most)/.test(textOf(body.detail))
  ) {
    expect(body.errors).toContainEqual({ pointer: expect.any(String), message: expect.any(String) });
  }
  return `${status} ${textOf(body.code)}`;
}
