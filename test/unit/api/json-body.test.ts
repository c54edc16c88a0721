import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { acceptJsonBodies, bodyLimits, isSoundText } from '../../../src/api/json-body.js';
import { ProblemFilter } from '../../../src/api/problem-filter.js';

@Module({})
class NoModule {}

interface Answer {
  readonly statusCode: number;
  readonly echo?: unknown;
  readonly code?: unknown;
  readonly detail?: unknown;
}

describe('a JSON body', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    app = await NestFactory.create<NestFastifyApplication>(NoModule, new FastifyAdapter(), {
      bodyParser: false,
      logger: false,
    });
    acceptJsonBodies(app);
    app.useGlobalFilters(new ProblemFilter());
    const fastify = app.getHttpAdapter().getInstance();
    for (const path of ['/tasks', '/tasks/batch'])
      fastify.post(path, (request) => ({ echo: request.body === undefined ? 'nothing' : request.body }));
    await app.init();
    await fastify.ready();
  });
  afterAll(() => app.close());

  async function post(payload: string | Buffer, path = '/tasks', type = 'application/json'): Promise<Answer> {
    const response = await app.inject({
      method: 'POST',
      url: path,
      payload,
      headers: { 'content-type': type },
    });
    return { statusCode: response.statusCode, ...response.json<object>() };
  }

  function nested(levels: number): string {
    return '['.repeat(levels) + ']'.repeat(levels);
  }

  function ofBytes(bytes: number): string {
    return JSON.stringify('a'.repeat(bytes - 2));
  }

  it.each(['{"a":[1,2.5e-3,null,true,"é\\ud83d\\ude00"]}', '"text"', '0', 'null', nested(bodyLimits.depth)])(
    'is taken as it is: %s',
    async (json) => {
      expect(await post(json)).toEqual({ statusCode: 200, echo: JSON.parse(json) as unknown });
    },
  );

  it('is none when it is empty', async () => {
    expect(await post('')).toMatchObject({ echo: 'nothing' });
  });

  it.each([
    ['is cut off', '{"a":'],
    ['has a comma too many', '[1,]'],
    ['has single quotes', "{'a':1}"],
    ['has words of JavaScript', '[NaN]'],
    ['has two values', '{} {}'],
  ])('is refused when it %s, without a word of what it said', async (_, json) => {
    const answer = await post(json);
    expect(answer).toMatchObject({ statusCode: 400, code: 'MALFORMED_JSON' });
    expect(answer.detail).not.toContain(json);
  });

  it('is refused when it is not UTF-8', async () => {
    expect(await post(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({ code: 'MALFORMED_JSON' });
  });

  it.each([
    ['__proto__', '{"__proto__":{}}'],
    ['an escaped __proto__', '{"a":{"\\u005f_proto__":{}}}'],
    ['constructor.prototype', '{"constructor":{"prototype":{}}}'],
  ])('is refused when it has %s', async (_, json) => {
    expect(await post(json)).toMatchObject({ code: 'MALFORMED_JSON' });
  });

  it.each([
    ['a NUL', '{"a":["x","\\u0000"]}', '/a/1:'],
    ['half of a surrogate pair', '{"a/b":"\\ud800"}', '/a~1b:'],
    ['a NUL in a name', '{"a":{"\\u0000":1}}', '/a:'],
    ['a number beyond doubles', '{"a":1e999}', '/a:'],
    ['one level too many', nested(bodyLimits.depth + 1), '/0/0/'],
    ['levels without end', nested(bodyLimits.structures), '/0/0/'],
  ])('is refused when it has %s, and told where', async (_, json, where) => {
    const answer = await post(json);
    expect(answer).toMatchObject({ statusCode: 400, code: 'VALIDATION_FAILED' });
    expect(answer.detail).toEqual(expect.stringContaining(where));
  });

  it('may have a megabyte, and as a batch of tasks eight', async () => {
    expect((await post(ofBytes(bodyLimits.bytes))).statusCode).toBe(200);
    expect((await post(ofBytes(bodyLimits.bytes + 1))).statusCode).toBe(413);
    expect((await post(ofBytes(bodyLimits.batchBytes), '/tasks/batch')).statusCode).toBe(200);
    expect((await post(ofBytes(bodyLimits.batchBytes + 1), '/tasks/batch')).statusCode).toBe(413);
  });

  function named(count: number, name = (nth: number) => `name${nth}`): string {
    return JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, nth) => [name(nth), nth])));
  }

  function ofObjects(count: number): string {
    return JSON.stringify(Array.from({ length: count - 1 }, () => ({})));
  }

  it.each([
    ['names that differ', named(bodyLimits.names), named(bodyLimits.names + 1), '8192 different names'],
    ['objects', ofObjects(bodyLimits.structures), ofObjects(bodyLimits.structures + 1), '32768 objects'],
  ])('may have so many %s and no more, and as a batch eight times as many', async (_, most, more, said) => {
    expect((await post(most)).statusCode).toBe(200);
    const refused = await post(more);
    expect(refused).toMatchObject({ statusCode: 400, code: 'VALIDATION_FAILED' });
    expect(refused.detail).toContain(said);
    expect((await post(more, '/tasks/batch')).statusCode).toBe(200);
  });

  it('may say the same names, and brackets and quotes in its texts, as often as it likes', async () => {
    const rows = Array.from({ length: 8000 }, (_, id) => ({ 'a"b': id, note: `{[":\\"${id}`, tags: ['x'] }));
    expect(await post(JSON.stringify(rows))).toEqual({ statusCode: 200, echo: rows });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml'])(
    'is refused when it says to be %s',
    async (type) => {
      expect((await post('{}', '/tasks', type)).statusCode).toBe(415);
    },
  );
});

describe('sound text', () => {
  it.each([
    ['', true],
    ['naïve 😀', true],
    ['a\0', false],
    ['\ud83d', false],
    ['\ude00\ud83d', false],
  ])('%j: %p', (text, sound) => {
    expect(isSoundText(text)).toBe(sound);
  });
});
