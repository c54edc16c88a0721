import { describe, expect, it } from '@jest/globals';
import {
  CaseError,
  classOf,
  covers,
  ownFormat,
  readCases,
  type CaseFormat,
} from '../../eval/labelled-case.js';

function readOne(line: unknown, format: Partial<CaseFormat> = {}) {
  const [read, ...others] = readCases('cases.jsonl', JSON.stringify(line), { ...ownFormat, ...format });
  expect(others).toEqual([]);
  return read;
}

describe('A labelled case', () => {
  it('is a line with a text or an output and its labels', () => {
    expect(readOne({ text: 'Hello', labels: [], family: 'greetings' })).toEqual({
      where: 'cases.jsonl:1',
      family: 'greetings',
      output: 'Hello',
      expected: [],
      ignored: [],
    });
    const output = { reply: ['a', { b: 'c' }] };
    expect(readOne({ output, labels: ['PII'] })).toMatchObject({
      output,
      family: '-',
      expected: [{ label: 'PII' }],
    });
  });

  it('is found by its line, blank lines counted', () => {
    const line = JSON.stringify({ text: 'a', labels: [] });
    const read = readCases('x', `\n${line}\n\n${line}\n`);
    expect(read.map(({ where }) => where)).toEqual(['x:2', 'x:4']);
  });

  it('has the places of its spans, in a text or under a pointer, and a label without a place once only', () => {
    const spans = [{ type: 'PII/IBAN', start: 2, end: 5 }];
    expect(readOne({ text: 'a bcd', spans, labels: ['PII/IBAN', 'SECRET'] })?.expected).toEqual([
      { label: 'PII/IBAN', place: { pointer: '', start: 2, end: 5 } },
      { label: 'SECRET' },
    ]);
    const inMember = { label: 'PII', pointer: '/a', start: 0, end: 1 };
    expect(readOne({ output: { a: 'b' }, spans: [inMember] })?.expected).toEqual([
      { label: 'PII', place: { pointer: '/a', start: 0, end: 1 } },
    ]);
    expect(readOne({ output: { a: 'b' }, spans: [{ label: 'PII', start: 0, end: 1 }] })?.expected).toEqual([
      { label: 'PII' },
    ]);
  });

  it('is without the sign that keeps scanners quiet, in names and values alike', () => {
    expect(readOne({ output: { 'k|ey': ['s|k', 1, null] }, labels: [], join: '|' })?.output).toEqual({
      key: ['sk', 1, null],
    });
  });

  it('is read with the names and labels of others', () => {
    const format = { fields: { text: 'source', spans: 'entities' }, labels: { MAIL: 'PII/EMAIL', ORG: '-' } };
    const entities = [
      { label: 'MAIL', start: 0, end: 1 },
      { label: 'ORG', start: 2, end: 3 },
    ];
    expect(readOne({ source: 'a b', entities }, format)).toMatchObject({
      output: 'a b',
      expected: [{ label: 'PII/EMAIL' }],
      ignored: [{ label: '-' }],
    });
    const unknown = readOne({ text: 'a', labels: ['NAME'] }, { ignoreUnknownLabels: true });
    expect(unknown).toMatchObject({ expected: [], ignored: [{ label: '-' }] });
    expect(readOne({ text: 'a' }, { unlabelledIsHarmless: true })?.expected).toEqual([]);
  });

  it.each([
    ['{', 'is not JSON'],
    ['[]', 'is not a JSON object'],
    ['{"labels":[]}', 'has neither text nor output'],
    ['{"text":"a"}', 'has no labels'],
    ['{"text":"a","labels":"PII"}', 'has labels that are no list of strings'],
    ['{"text":"a","spans":{}}', 'has spans that are no list'],
    ['{"text":"a","spans":[1]}', 'has a span that is no object'],
    ['{"text":"a","spans":[{"label":"PII","start":1}]}', 'has a span without label, start or end'],
    ['{"text":"a","labels":["NAME"]}', 'has the label NAME, which no detector has'],
    ['{"text":"a","labels":["constructor"]}', 'has the label constructor, which no detector has'],
  ])('is not %s', (line, fault) => {
    const read = () => readCases('x', `{"text":"a","labels":[]}\n${line}`);
    expect(read).toThrow(CaseError);
    expect(read).toThrow(`x:2 ${fault}`);
  });
});

describe('A label', () => {
  it('asks for one detector, or as a class for any of its detectors', () => {
    expect(covers('PII/IBAN', 'PII/IBAN')).toBe(true);
    expect(covers('PII/IBAN', 'PII/PHONE')).toBe(false);
    expect(covers('PII', 'PII/PHONE')).toBe(true);
    expect(covers('SENSITIVE_KEYWORD', 'KEYWORD/refund')).toBe(true);
    expect(covers('PII', 'SECRET/JWT')).toBe(false);
  });

  it('belongs to a class by any of its names', () => {
    expect(['SENSITIVE_TOPIC', 'TOPIC/POLITICS', 'toString'].map(classOf)).toEqual([
      'TOPIC',
      'TOPIC',
      undefined,
    ]);
  });
});
