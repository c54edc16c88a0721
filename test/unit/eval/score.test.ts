import { describe, expect, it } from '@jest/globals';
import type { Reason } from '../../../src/models/decision.js';
import type { LabelledCase } from '../../eval/labelled-case.js';
import { scoreTable } from '../../eval/score-table.js';
import { qualityOf, Scoreboard, type Scores } from '../../eval/score.js';

function aCase(parts: Partial<LabelledCase> = {}): LabelledCase {
  return { where: 'x:1', family: 'mail', output: 'a text', expected: [], ignored: [], ...parts };
}

function fired(detector: string, start = 0, end = 4): Reason {
  return { code: 'PII', detector, detail: '', pointer: '', start, end };
}

function scoresOf(...judged: (readonly [LabelledCase, readonly Reason[]])[]): Scores {
  const board = new Scoreboard();
  for (const [labelled, reasons] of judged) board.add(labelled, reasons);
  return board.scores();
}

const mail = { label: 'PII/EMAIL', place: { pointer: '', start: 2, end: 6 } };

describe('The score', () => {
  it('counts what was asked for and found, for its detector, class and family', () => {
    const scores = scoresOf([aCase({ expected: [mail] }), [fired('PII/EMAIL', 1, 5)]]);
    const all = { expected: 1, found: 1, fired: 1, right: 1, recall: 1, precision: 1, f1: 1 };
    expect(scores).toMatchObject({
      cases: 1,
      overall: all,
      classes: { PII: all },
      detectors: { 'PII/EMAIL': all },
      families: { mail: { ...all, harmless: 0, held: 0 } },
      misses: [],
      falseAlarms: [],
    });
  });

  it('counts another detector of the class for the class alone, and lists both faults', () => {
    const scores = scoresOf([aCase({ expected: [mail] }), [fired('PII/PHONE', 3, 4)]]);
    expect(scores.classes['PII']).toMatchObject({ recall: 1, precision: 1 });
    expect(scores.detectors['PII/EMAIL']).toMatchObject({ recall: 0, precision: null });
    expect(scores.detectors['PII/PHONE']).toMatchObject({ recall: null, precision: 0 });
    expect(scores.misses.map(({ name }) => name)).toEqual(['PII/EMAIL']);
    expect(scores.falseAlarms.map(({ name }) => name)).toEqual(['PII/PHONE']);
  });

  it('takes what fires beside a labelled place, or under another pointer, for wrong', () => {
    const beside = [fired('PII/EMAIL', 6, 9), { ...fired('PII/EMAIL', 2, 6), pointer: '/other' }];
    const scores = scoresOf([aCase({ expected: [mail] }), beside]);
    expect(scores.overall).toMatchObject({ expected: 1, found: 0, fired: 2, right: 0 });
  });

  it('counts a detector once where no label has a place, and never the reason that stands for many', () => {
    const reasons = [fired('PII/IBAN', 0, 2), fired('PII/IBAN', 3, 5), fired('GATE/MORE')];
    expect(scoresOf([aCase({ expected: [{ label: 'PII' }] }), reasons]).overall).toMatchObject({
      expected: 1,
      found: 1,
      fired: 1,
      right: 1,
    });
  });

  it('takes what fires where an ignored label stands for neither right nor wrong', () => {
    const ignored = [{ label: '-', place: { pointer: '', start: 0, end: 3 } }];
    const scores = scoresOf([aCase({ ignored }), [fired('PII/PHONE', 1, 2)]]);
    expect(scores.overall).toMatchObject({ fired: 0 });
    expect(scores.harmless.cases).toBe(0);
  });

  it('says which share of the harmless outputs something fired in, also by family', () => {
    const scores = scoresOf(
      [aCase(), []],
      [aCase({ family: 'chat' }), [fired('PII/PHONE')]],
      [aCase({ expected: [mail] }), []],
    );
    expect(scores.harmless).toEqual({ cases: 2, held: 1, share: 0.5 });
    expect(scores.families).toMatchObject({
      mail: { expected: 1, found: 0, harmless: 1, held: 0 },
      chat: { fired: 1, right: 0, harmless: 1, held: 1 },
    });
    expect(scoresOf().harmless.share).toBeNull();
  });

  it('is null where there is nothing to divide by', () => {
    const nothing = { recall: null, precision: null, f1: null };
    expect(qualityOf([])).toMatchObject(nothing);
    expect(qualityOf([{ expected: 1, found: 0, fired: 1, right: 0 }])).toMatchObject({
      recall: 0,
      precision: 0,
      f1: null,
    });
    const half = { expected: 2, found: 1, fired: 1, right: 1 };
    expect(qualityOf([half])).toMatchObject({ recall: 0.5, precision: 1, f1: 2 / 3 });
    expect(qualityOf([half, half])).toMatchObject({ expected: 4, recall: 0.5 });
  });
});

describe('The table of scores', () => {
  const faulty = Array.from({ length: 3 }, (_, nth): readonly [LabelledCase, readonly Reason[]] => [
    aCase({ where: `x:${nth + 1}`, output: { note: 'n'.repeat(200) }, expected: [{ label: 'SECRET' }] }),
    [fired('PII/PHONE')],
  ]);

  it('shows every way of looking, and lists the faults up to a number', () => {
    const text = scoreTable(scoresOf([aCase(), []], ...faulty), 2);
    expect(text).toContain('4 cases');
    expect(text).toMatch(/^SECRET +3 +0 +0\.0000 +0 +0 +- +-$/m);
    expect(text).toMatch(/^mail +3 +0 +0\.0000 +3 +0 +0\.0000 +- +1 +0$/m);
    expect(text).toContain('Harmless outputs: 0 of 1 held (0.00 %)');
    expect(text).toContain('Missed: 3');
    expect(text.match(/… and 1 more; --all lists them/g)).toHaveLength(2);
    expect(text).toMatch(/x:2 {2}SECRET {2}".{139}…$/m);
  });

  it('says so when no output was harmless', () => {
    expect(scoreTable(scoresOf(), 5)).toContain('Harmless outputs: none');
  });
});
