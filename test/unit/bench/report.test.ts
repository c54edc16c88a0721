import { describe, expect, it } from '@jest/globals';
import type { Bench, Contender } from '../../bench/contender.js';
import { renderBench, reportOn } from '../../bench/report.js';
import { Rounds } from '../../bench/run.js';

function contender(name: string): Contender {
  return { name, includes: `what ${name} does`, start: () => Promise.reject(new Error('Nobody starts it.')) };
}

const bench: Bench = {
  name: 'trial',
  title: 'A trial',
  contenders: [contender('ours'), contender('theirs')],
  cases: ['light'],
  ratios: [
    { caseName: 'light', figure: 'perSecond', above: 'ours', below: 'theirs', floor: 1, aim: 3 },
    { caseName: 'light', figure: 'perSecond', above: 'ours', below: 'absent' },
  ],
  limits: [{ caseName: 'light', figure: 'p95', contender: 'ours', floor: 50, aim: 5 }],
  absent: [{ name: 'absent', reason: 'It is not installed.' }],
};

function measured(errors = 0): Rounds {
  const rounds = new Rounds();
  for (const launch of [1, 2]) {
    rounds.add('light', 'ours', { launch, round: 1, figures: { perSecond: 200, p95: 10, errors } });
    rounds.add('light', 'theirs', {
      launch,
      round: 1,
      figures: { perSecond: 100 * launch, p95: 7, errors: 0 },
    });
  }
  return rounds;
}

describe('the report of a bench', () => {
  it('keeps every round, with the summaries of each contender', () => {
    const [light] = reportOn(bench, measured()).cases;
    const theirs = light?.contenders.find(({ name }) => name === 'theirs');
    expect(theirs?.rounds).toHaveLength(2);
    expect(theirs?.summaries['perSecond']).toMatchObject({
      median: 150,
      launches: [100, 200],
      launchSpread: 2,
    });
  });

  it('gives the ratios of those who ran, and leaves out the others', () => {
    const { ratios } = reportOn(bench, measured());
    expect(ratios).toEqual([
      expect.objectContaining({ below: 'theirs', ratio: 200 / 150, launches: [2, 1] }),
    ]);
  });

  it('prints what was asked of a ratio, with its spread', () => {
    const text = renderBench(reportOn(bench, measured())).join('\n');
    expect(text).toContain(
      'light, perSecond: ours ÷ theirs = 1.33 (launches 2.00, 1.00; rounds 1.00–2.00); floor 1 ✓, aim 3 ✗',
    );
    expect(text).toContain('light, p95: ours 10.0 ms; floor 50 ✓, aim 5 ✗');
  });

  it('prints by how much launches differ', () => {
    expect(renderBench(reportOn(bench, measured())).join('\n')).toMatch(/theirs .* 2\.00×/);
  });

  it('says who did not run, and why', () => {
    expect(renderBench(reportOn(bench, measured())).join('\n')).toContain(
      'absent: not run. It is not installed.',
    );
  });

  it('counts failures and says that they spoil the figures', () => {
    const report = reportOn(bench, measured(3));
    expect(report.errors).toBe(6);
    expect(renderBench(report).join('\n')).toContain('6 requests failed: these figures do not count.');
  });
});
