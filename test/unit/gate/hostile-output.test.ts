import { describe, expect, it } from '@jest/globals';
import { safetyDetectors } from '../../../src/lib/safety/safety-detectors.js';
import { defaultJudgeLimits, Judge } from '../../../src/services/judge.js';
import { aPolicy } from './detection.js';

const length = 256 * 1024;
const judge = new Judge(safetyDetectors(), { ...defaultJudgeLimits, detectorBudgetMs: 20_000 });

/** What makes a search of the ordinary kind take quadratic time or worse, at the size of the largest output. */
const hostile = [
  'a',
  'A',
  '0',
  '1',
  '4 1 1 1 ',
  ' ',
  '\n',
  '.',
  '@',
  'a@',
  'a.a@a.',
  'a@b.c',
  '%40',
  '(at)',
  '+1',
  '+1 ',
  '(0',
  '1-',
  '1.',
  'call 1 ',
  ':',
  'a:',
  '1::',
  'GB82 ',
  'aA',
  'p ',
  'password ',
  'password=',
  'password:aaaaaa',
  'secret ',
  'basic ',
  'bearer:',
  'key',
  '-',
  '-----BEGIN PRIVATE KEY-----',
  '-----BEGIN PRIVATE KEY-----A-',
  'eyJ',
  'eyJaaaaaaaaaa.',
  'a://b:',
  'a+',
  'xoxb-1-',
  'ghp_',
  'ghs_1_',
  'sk-',
  'AKIA',
  '_authToken=',
  'https://a',
  'you should ',
  'take ',
  'delete-',
  '\u0301',
  '\u200b',
  '\ud800',
  '\ufdfa',
  '😀',
  'й',
  '한',
];

describe('the gate on the largest output that is hostile to searches', () => {
  it.each(hostile)('comes to a decision on %j over and over', async (unit) => {
    const output = unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
    const { reasons } = await judge.decide({ output, confidence: 1, kind: 'x', policy: aPolicy() });
    expect(reasons.filter((reason) => reason.code === 'GATE_ERROR')).toEqual([]);
  });

  it('comes to a decision on very many small texts', async () => {
    const output = Array.from({ length: 40_000 }, (_, index) => `a ${index}`);
    expect(await judge.decide({ output, confidence: 1, kind: 'x', policy: aPolicy() })).toMatchObject({
      outcome: 'APPROVE',
    });
  });
});
