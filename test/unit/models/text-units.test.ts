import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { UnitReader } from '../../../src/models/text-units.js';

const anyText = fc.string({ unit: 'binary', maxLength: 200 });

function unitsOf(text: string): number[] {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
}

describe('A reader of units', () => {
  it('reads one text after the other, each with a 0 behind it', () => {
    const reader = new UnitReader();
    fc.assert(
      fc.property(anyText, (text) => {
        expect([...reader.read(text).subarray(0, text.length + 1)]).toEqual([...unitsOf(text), 0]);
      }),
    );
  });

  it('says what the units say, a half of a surrogate pair, too', () => {
    const reader = new UnitReader();
    fc.assert(
      fc.property(anyText, fc.nat(200), fc.nat(200), (text, one, other) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)];
        reader.read(text);
        const most = Math.min(end, text.length);
        expect(reader.text(Math.min(start, most), most)).toBe(text.slice(start, most));
      }),
    );
  });

  it('takes texts of any length, and gives the room for a very long one back', () => {
    const reader = new UnitReader();
    const long = 'é'.repeat(500_000);
    expect(reader.read(long)[long.length - 1]).toBe(0xe9);
    expect(reader.read('short').length).toBeLessThan(500_000);
    expect(reader.text(0, 5)).toBe('short');
  });

  it('has what was put in place of a unit', () => {
    const reader = new UnitReader();
    const text = 'abc'.repeat(40);
    reader.read(text)[1] = 0x416;
    expect(reader.text(0, 4)).toBe('aЖca');
  });
});
