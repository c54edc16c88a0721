import { describe, expect, it } from '@jest/globals';
import { percentilesOf } from '../../../demo/percentiles.js';
import { Scoreboard } from '../../../demo/scoreboard.js';
import { latency, renderProgress, renderTable } from '../../../demo/table.js';

const heading = { url: 'http://localhost:3000', tenantId: 't_demo-1' };

function aSnapshot() {
  const board = new Scoreboard(200);
  board.stats = {
    agents: { IDLE: 40, BUSY: 8, OFFLINE: 2 },
    tasks: { QUEUED: 3, NEEDS_REVIEW: 4, SUCCEEDED: 60 },
    queue: { ready: 3, oldestReadyMs: 12 },
    reviews: { pending: 4, oldestPendingMs: 900 },
  };
  return board.snapshot();
}

describe('percentiles', () => {
  it('are measured values, by nearest rank', () => {
    const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentilesOf(samples)).toEqual({ count: 100, p50: 50, p95: 95, p99: 99, max: 100 });
    expect(percentilesOf([7])).toEqual({ count: 1, p50: 7, p95: 7, p99: 7, max: 7 });
  });

  it('are null where nothing was measured', () => {
    expect(percentilesOf([])).toEqual({ count: 0, p50: null, p95: null, p99: null, max: null });
  });

  it('are shown in cells of equal width, seconds from ten on', () => {
    const cells = latency({ count: 3, p50: 4.4, p95: 9_999, p99: 12_345, max: null });
    expect(cells).toBe('      4 ms   9999 ms    12.3 s         -');
  });
});

describe('the live table', () => {
  it('shows agents, tasks and cards as the server counts them', () => {
    const table = renderTable(heading, aSnapshot(), 200).join('\n');
    expect(table).toContain('IDLE 40   BUSY 8   OFFLINE 2');
    expect(table).toContain('QUEUED 3   NEEDS_REVIEW 4   SUCCEEDED 60');
    expect(table).toContain('4 waiting');
  });

  it('has as many lines while the server is away, and says so', () => {
    const away = { ...aSnapshot(), serverAnswers: false };
    expect(renderTable(heading, away, 200)).toHaveLength(renderTable(heading, aSnapshot(), 200).length);
    expect(renderTable(heading, away, 200).join('\n')).toContain('The server does not answer');
  });

  it('fits the terminal', () => {
    for (const line of renderTable(heading, aSnapshot(), 30)) expect(line.length).toBeLessThanOrEqual(30);
  });
});

describe('the progress line', () => {
  it('is one line with the same counts', () => {
    const line = renderProgress(aSnapshot());
    expect(line).not.toContain('\n');
    expect(line).toContain(
      'submitted 0/200 | tasks QUEUED=3 NEEDS_REVIEW=4 SUCCEEDED=60 | agents IDLE=40 BUSY=8 OFFLINE=2 | held 4',
    );
    expect(renderProgress({ ...aSnapshot(), serverAnswers: false })).toContain(
      'server does not answer, waiting',
    );
  });

  it('says so when there is nothing yet', () => {
    expect(renderProgress(new Scoreboard(1).snapshot())).toContain('tasks none | agents none | held 0');
  });
});
