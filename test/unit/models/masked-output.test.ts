import { describe, expect, it } from '@jest/globals';
import type { Reason } from '../../../src/models/decision.js';
import { hidden, masked } from '../../../src/models/masked-output.js';

const at = (pointer: string | null, start: number, end: number, more: Partial<Reason> = {}): Reason => ({
  code: 'PII',
  detector: 'PII/EMAIL',
  detail: 'An e-mail address.',
  pointer,
  start,
  end,
  ...more,
});
const inName = { detail: 'An e-mail address, in the key.' };
const nowhere = { pointer: null, start: null, end: null };
const lowConfidence: Reason = { code: 'LOW_CONFIDENCE', detector: 'CONFIDENCE', detail: 'Low.', ...nowhere };

describe('a masked output', () => {
  it('shows nothing of the stretches that reasons name, and all else', () => {
    const output = {
      reply: 'Write to jo@x.example now, or to al@x.example',
      to: [{ name: 'Jo' }],
      n: 1,
      no: null,
    };
    const reasons = [at('/reply', 9, 21), at('/reply', 33, 45), lowConfidence];
    expect(masked(output, reasons)).toEqual({
      output: { ...output, reply: 'Write to •••••••••••• now, or to ••••••••••••' },
      reasons,
    });
    expect(output.reply).toContain('jo@x.example');
  });

  it('shows the words of a policy and what a sentence is about', () => {
    const keyword = at('', 4, 12, { code: 'SENSITIVE_KEYWORD', detector: 'KEYWORD/password' });
    const topic = at('', 0, 34, { code: 'SENSITIVE_TOPIC', detector: 'TOPIC/LEGAL_CLAIMS' });
    const pattern = at('', 24, 33, { code: 'SENSITIVE_PATTERN', detector: 'PATTERN/Projects' });
    expect(masked('The password of project Blue Hour.', [keyword, topic, pattern]).output).toBe(
      'The password of project •••••••••.',
    );
  });

  it('masks one stretch where several overlap, and stays within the text', () => {
    expect(masked('0123456789', [at('', 2, 5), at('', 4, 6), at('', 9, 99)]).output).toBe('01••••678•');
  });

  it('keeps the length of what is masked, in UTF-16 units', () => {
    const { output } = masked({ a: '😀 jo@x.example' }, [at('/a', 3, 15)]);
    expect(output).toEqual({ a: '😀 ••••••••••••' });
  });

  it('masks a number as text', () => {
    expect(masked([4111111111111111], [at('/0', 0, 16)]).output).toEqual(['••••••••••••••••']);
  });

  it('finds its way through names with slashes and tildes, and names of prototypes', () => {
    const output = JSON.parse('{"a/b~c": {"__proto__": "secret"}}') as {
      [key: string]: { [key: string]: string };
    };
    const shown = masked(output, [at('/a~1b~0c/__proto__', 0, 6)]).output;
    expect(JSON.stringify(shown)).toBe('{"a/b~c":{"__proto__":"••••••"}}');
  });

  it('masks names, leads pointers through them, and loses no member for it', () => {
    const output = { 'jo@x': { phone: '555' }, 'al@x': 2, plain: 3 };
    const reasons = [at('/jo@x', 0, 4, inName), at('/al@x', 0, 4, inName), at('/jo@x/phone', 0, 3)];
    const shown = masked(output, reasons);
    expect(shown.output).toEqual({ '••••': { phone: '•••' }, '•••• 2': 2, plain: 3 });
    expect(shown.reasons.map(({ pointer }) => pointer)).toEqual(['/••••', '/•••• 2', '/••••/phone']);
    expect(JSON.stringify(shown)).not.toMatch(/jo@x|al@x/);
  });

  it('masks the items that go on with a number that was split', () => {
    const output = ['Card', '4111', '1111', '1111', 'thanks', '1111', 7];
    expect(masked(output, [at('/1', 0, 4)]).output).toEqual([
      ...['Card', '••••', '••••', '••••', 'thanks', '1111', 7],
    ]);
  });

  it('ignores what points to nothing that is there', () => {
    const output = { a: [true, null], b: {} };
    const reasons = [at('/x/y', 0, 1), at('/a/0', 0, 1), at('/a/1/z', 0, 1), at('/b', 0, 1)];
    expect(masked(output, reasons).output).toEqual(output);
  });

  it.each([
    ['could not look through', { code: 'GATE_ERROR', detector: 'SECRET' }],
    ['did not list all findings of', { code: 'PII', detector: 'GATE/MORE' }],
  ] as const)('is hidden when the gate %s it', (_why, more) => {
    const reasons = [at('/jo@x', 0, 3), at(null, 0, 0, { ...more, ...nowhere })];
    const shown = masked({ 'jo@x': 'secret' }, reasons);
    expect(shown.output).toBe(hidden);
    expect(JSON.stringify(shown)).not.toContain('jo@x');
  });
});
