import { describe, expect, it } from '@jest/globals';
import { Batcher, type Outcome } from '../../../src/lib/batcher.js';

const roomy = { store: 'database', maxBatch: 100, maxWaiting: 100 } as const;

/** Runs batches one after the other, each only when it is let. */
class Gate {
  readonly batches: (readonly number[])[] = [];
  private readonly started: (() => void)[] = [];
  private readonly held: (() => void)[] = [];

  readonly run = async (items: readonly number[]): Promise<readonly Outcome<string>[]> => {
    this.batches.push(items);
    const opened = new Promise<void>((resolve) => this.held.push(resolve));
    this.started.shift()?.();
    await opened;
    return items.map((item) => ({ value: `did ${item}` }));
  };

  /** Resolves when the next batch is under way. */
  next(): Promise<void> {
    return new Promise((resolve) => this.started.push(resolve));
  }

  open(): void {
    this.held.shift()?.();
  }
}

describe('a batcher', () => {
  it('runs what was submitted in one turn together, in order, and gives each its own answer', async () => {
    const batches: (readonly number[])[] = [];
    const batcher = new Batcher((items: readonly number[]) => {
      batches.push(items);
      return Promise.resolve(items.map((item) => ({ value: item * 10 })));
    }, roomy);
    expect(await Promise.all([3, 1, 2].map((item) => batcher.submit(item)))).toEqual([30, 10, 20]);
    expect(batches).toEqual([[3, 1, 2]]);
  });

  it('gives each item its own error', async () => {
    const batcher = new Batcher(
      (items: readonly number[]) =>
        Promise.resolve(
          items.map((item) => (item < 0 ? { error: new Error(`no ${item}`) } : { value: item })),
        ),
      roomy,
    );
    const answers = await Promise.allSettled([1, -2, 3].map((item) => batcher.submit(item)));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await expect(batcher.submit(-2)).rejects.toThrow('no -2');
  });

  it('gathers what arrives during a run into the next', async () => {
    const gate = new Gate();
    const batcher = new Batcher(gate.run, roomy);
    const begun = gate.next();
    const answers = [batcher.submit(1)];
    await begun;
    answers.push(batcher.submit(2), batcher.submit(3));
    const second = gate.next();
    gate.open();
    await second;
    gate.open();
    expect(await Promise.all(answers)).toEqual(['did 1', 'did 2', 'did 3']);
    expect(gate.batches).toEqual([[1], [2, 3]]);
  });

  it('never takes more than a batch may hold', async () => {
    const sizes: number[] = [];
    const batcher = new Batcher(
      (items: readonly number[]) => {
        sizes.push(items.length);
        return Promise.resolve(items.map((item) => ({ value: item })));
      },
      { ...roomy, maxBatch: 2 },
    );
    await Promise.all([1, 2, 3, 4, 5].map((item) => batcher.submit(item)));
    expect(sizes).toEqual([2, 2, 1]);
  });

  it('takes items that yield behind the others, a few at a time, and together in times without others', async () => {
    const batches: (readonly number[])[] = [];
    const batcher = new Batcher(
      (items: readonly number[]) => {
        batches.push(items);
        return Promise.resolve(items.map((value) => ({ value })));
      },
      { ...roomy, maxBatch: 4, maxYielding: 1 },
      (item) => item < 0,
    );
    const all = (items: readonly number[]) => Promise.all(items.map((item) => batcher.submit(item)));
    await all([-1, -2, -3]);
    await all([-1, -2, -3, -4, -5, 1, 2, 3, 4, 5]);
    expect(batches).toEqual([[-1, -2, -3], [1, 2, 3, -1], [4, 5, -2], [-3], [-4], [-5]]);
  });

  it.each([
    ['fill up a small batch', 4, [1], [[1, -1, -2, -3], [-4]]],
    [
      'are one for three others in a large one',
      4,
      [1, 2, 3, 4, 5, 6],
      [
        [1, 2, 3, 4, 5, 6, -1, -2],
        [-3, -4],
      ],
    ],
    [
      'are one for three others where there is no room to fill',
      2,
      [1, 2, 3],
      [[1, 2, 3, -1], [-2, -3], [-4]],
    ],
  ])('takes so many that yield that they %s', async (_how, maxYielding, others, expected) => {
    const batches: (readonly number[])[] = [];
    const batcher = new Batcher(
      (items: readonly number[]) => {
        batches.push(items);
        return Promise.resolve(items.map((value) => ({ value })));
      },
      { ...roomy, maxBatch: 100, maxYielding },
      (item) => item < 0,
    );
    await Promise.all([-1, -2, -3, -4, ...others].map((item) => batcher.submit(item)));
    expect(batches).toEqual(expected);
  });

  it('takes as many of those that yield as somebody waits for, of each sort, like any other', async () => {
    const batches: (readonly number[])[] = [];
    const room = new Map([
      ['odd', 2],
      ['even', 1],
    ]);
    const batcher = new Batcher(
      (items: readonly number[]) => {
        batches.push(items);
        return Promise.resolve(items.map((value) => ({ value })));
      },
      { ...roomy, maxBatch: 6, maxYielding: 1 },
      (item) => item < 0,
      (item) => {
        const sort = item % 2 === 0 ? 'even' : 'odd';
        return item < -90 ? undefined : { sort, awaited: () => room.get(sort) ?? 0 };
      },
    );
    await Promise.all([1, 2, -91, -1, -2, -3, -4, -5].map((item) => batcher.submit(item)));
    expect(batches[0]).toEqual([1, 2, -1, -2, -3]);
    room.clear();
    expect(batches.flat().toSorted((one, other) => other - one)).toEqual([2, 1, -1, -2, -3, -4, -5, -91]);
  });

  it('refuses with UNAVAILABLE what is more than may wait, and takes more when there is room again', async () => {
    const gate = new Gate();
    const batcher = new Batcher(gate.run, { store: 'registry', maxBatch: 1, maxWaiting: 2 });
    const begun = gate.next();
    const first = batcher.submit(1);
    await begun;
    const second = batcher.submit(2);
    const third = batcher.submit(3);
    await expect(batcher.submit(4)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: '2 requests are waiting for the registry already. Try again shortly.',
    });
    const next = gate.next();
    gate.open();
    await next;
    const fifth = batcher.submit(5);
    for (let left = 3; left > 0; left -= 1) {
      const begin = gate.next();
      gate.open();
      if (left > 1) await begin;
    }
    expect(await Promise.all([first, second, third, fifth])).toEqual(['did 1', 'did 2', 'did 3', 'did 5']);
  });

  it('rejects every item of a batch that failed as a whole, and goes on with the next', async () => {
    let runs = 0;
    const batcher = new Batcher((items: readonly number[]) => {
      runs += 1;
      if (runs === 1) throw new Error('The database is away.');
      return Promise.resolve(items.map((item) => ({ value: item })));
    }, roomy);
    const answers = await Promise.allSettled([batcher.submit(1), batcher.submit(2)]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await batcher.submit(3)).toBe(3);
  });

  it('rejects an item that the batch gave no answer for', async () => {
    const batcher = new Batcher(() => Promise.resolve([{ value: 'one' }]), roomy);
    const answers = await Promise.allSettled([batcher.submit(1), batcher.submit(2)]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('runs a lone item on a quiet machine within a turn, and waits for no timer', async () => {
    const batcher = new Batcher((items: readonly number[]) => {
      return Promise.resolve(items.map((item) => ({ value: item })));
    }, roomy);
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    const answer = batcher.submit(1);
    expect(timers()).toBe(before);
    expect(await answer).toBe(1);
  });
});
