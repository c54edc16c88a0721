import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { DtoPipe } from '../../../src/api/dto-pipe.js';
import { PageQuery } from '../../../src/api/dto/page.dto.js';
import { SubmitBatchBody, SubmitTaskBody } from '../../../src/api/dto/task.dto.js';
import { DomainError, type FieldError } from '../../../src/models/errors.js';
import { aTask } from '../../factories.js';

const pipe = new DtoPipe();

function read(metatype: Type, json: string): unknown {
  return pipe.transform(JSON.parse(json), { type: 'body', metatype });
}

function refusalOf(act: () => unknown): DomainError {
  try {
    act();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

function pointersOf({ extra }: DomainError): readonly string[] {
  return (extra['errors'] as readonly FieldError[]).map(({ pointer }) => pointer);
}

/** The task's JSON with one more member, which no object literal could have. */
function withMember(name: string, value: string): string {
  return JSON.stringify(aTask()).replace(/\}$/, `,${JSON.stringify(name)}:${value}}`);
}

describe('a body', () => {
  it('becomes an instance of its class, with its values as they came', () => {
    const input = { constructor: 'x', toString: 1, nested: [{ deep: null }] };
    const dto = pipe.transform(aTask({ input }), {
      type: 'body',
      metatype: SubmitTaskBody,
    });
    expect(dto).toBeInstanceOf(SubmitTaskBody);
    expect(JSON.stringify(dto)).toContain(JSON.stringify(input));
  });

  it('is refused with every fault and where it is', () => {
    const refusal = refusalOf(() => read(SubmitTaskBody, '{"kind":"a b","priority":101,"prio/rity":1}'));
    expect(refusal.code).toBe('VALIDATION_FAILED');
    expect([...pointersOf(refusal)].sort()).toEqual(['/input', '/kind', '/priority', '/prio~1rity']);
  });

  it('is refused for unknown members in what is nested, with the way there', () => {
    const body = JSON.stringify({ tasks: [aTask(), aTask({ knid: 'a' }), aTask({ kind: 5 })] });
    const refusal = refusalOf(() => read(SubmitBatchBody, body));
    expect([...pointersOf(refusal)].sort()).toEqual(['/tasks/1/knid', '/tasks/2/kind']);
  });

  const hostileNames = [
    'constructor',
    '__proto__',
    'prototype',
    'toString',
    'valueOf',
    'hasOwnProperty',
    'toJSON',
    'then',
    '__defineGetter__',
    '',
  ];
  const hostile = hostileNames.flatMap((name) =>
    ['null', '1', '"x"', '{}', '{"name":1,"prototype":null}'].map((value) => [name, value] as const),
  );

  it.each(hostile)('with a member %j of value %s is refused, and nothing breaks', (name, value) => {
    const body = withMember(name, value);
    const refusal = refusalOf(() => read(SubmitTaskBody, body));
    expect([refusal.code, pointersOf(refusal)]).toEqual(['VALIDATION_FAILED', [`/${name}`]]);
    expect(refusalOf(() => read(SubmitBatchBody, `{"tasks":[${body}]}`)).code).toBe('VALIDATION_FAILED');
    expect(refusalOf(() => read(SubmitBatchBody, `{"tasks":[[${body}]]}`)).code).toBe('VALIDATION_FAILED');
    expect(refusalOf(() => read(SubmitBatchBody, `{"tasks":${body}}`)).code).toBe('VALIDATION_FAILED');
  });

  it.each(['null', '[]', '5', '"text"', 'true'])('that is %s is refused: it must be an object', (json) => {
    expect(refusalOf(() => read(SubmitTaskBody, json))).toMatchObject({
      code: 'VALIDATION_FAILED',
      message: 'The body must be a JSON object.',
    });
  });

  it.each(['[null]', '[5]', '[[]]', '["text"]', '{}', 'null', '[[[]]]', '[[null]]'])(
    'with %s for its nested parts is refused',
    (tasks) => {
      expect(refusalOf(() => read(SubmitBatchBody, `{"tasks":${tasks}}`)).code).toBe('VALIDATION_FAILED');
    },
  );

  it('is refused as too large by the bytes of what it carries, not by its characters', () => {
    const fitting = { kind: 'a', input: 'é'.repeat(131_071) };
    expect(read(SubmitTaskBody, JSON.stringify(fitting))).toMatchObject({ kind: 'a' });
    const large = JSON.stringify({ kind: 'a', input: 'é'.repeat(131_072) });
    expect(refusalOf(() => read(SubmitTaskBody, large)).code).toBe('PAYLOAD_TOO_LARGE');
    expect(refusalOf(() => read(SubmitBatchBody, `{"tasks":[${large}]}`)).code).toBe('PAYLOAD_TOO_LARGE');
  });

  it('takes null for nothing that may be left out', () => {
    const refusal = refusalOf(() => read(SubmitTaskBody, JSON.stringify(aTask({ priority: null }))));
    expect(pointersOf(refusal)).toEqual(['/priority']);
  });
});

describe('a query string', () => {
  function query(value: object): unknown {
    return pipe.transform(value, { type: 'query', metatype: PageQuery });
  }

  it('has its digits read where a number is wanted, and nowhere else', () => {
    expect(query({ limit: '20', cursor: '20' })).toEqual({ limit: 20, cursor: '20' });
  });

  it.each(['', 'ten', '1.5', '1e2', '0x10', ' 5', '0', '201', '9'.repeat(400)])(
    'is refused with a limit of %j',
    (limit) => {
      expect(pointersOf(refusalOf(() => query({ limit })))).toEqual(['limit']);
    },
  );

  it('is refused for parameters that it does not know, or that come twice', () => {
    expect(pointersOf(refusalOf(() => query({ limt: '5' })))).toEqual(['limt']);
    expect(pointersOf(refusalOf(() => query({ limit: ['5', '6'] })))).toEqual(['limit']);
    expect(pointersOf(refusalOf(() => query({ constructor: 'x' })))).toEqual(['constructor']);
  });

  it('is refused for text that cannot be stored', () => {
    expect(pointersOf(refusalOf(() => query({ cursor: 'a\0b' })))).toEqual(['cursor']);
  });
});

describe('a parameter without a class', () => {
  it.each([Object, String, undefined])('passes as it is', (metatype) => {
    const value = { any: 'thing' };
    expect(pipe.transform(value, { type: 'body', ...(metatype && { metatype }) })).toBe(value);
  });
});
