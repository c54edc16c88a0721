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
  '&#',
  '&#112',
  '&amp;',
  '%',
  '%41',
  '\\u0041',
  'QUJD',
  'QUJDREVGR0hJSktM/',
  '70 61 ',
  '1 Main ',
  'Main Main ',
  'Street',
  'born ',
  'born 1/1/',
  'passport ',
  'driving licence A1',
  '0x',
  '0x52908400098527886E0F7030069857D2E4169EE7 ',
  '1BoatSLRHtKNngkdXEeobR76b53LETtpy ',
  '999 ',
  'AB 12 ',
  'p4',
  'p@ ',
  'at dot ',
  'a at a dot ',
  'if i were you ',
  '密',
  'الا',
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

  it.each(hostile)('takes time in proportion to %j over and over', async (unit) => {
    const small = await cpuMs(unit, length / 128);
    const large = await cpuMs(unit, length / 8);
    expect(large / (small + 2)).toBeLessThan(64);
  });
});

/** What a decision about so much of a text costs in processor time: the least of three, the others had company. */
async function cpuMs(unit: string, size: number): Promise<number> {
  const output = unit.repeat(Math.ceil(size / unit.length)).slice(0, size);
  const taken: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    const before = process.threadCpuUsage();
    await judge.decide({ output, confidence: 1, kind: 'x', policy: aPolicy() });
    const { user, system } = process.threadCpuUsage(before);
    taken.push((user + system) / 1000);
  }
  return Math.min(...taken);
}
