import { describe, expect, it } from '@jest/globals';
import { Batcher, type BatchLimits, type Outcome } from '../../../src/lib/batcher.js';

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
      { yields: (item) => item < 0 },
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
      { yields: (item) => item < 0 },
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
      {
        yields: (item) => item < 0,
        demandFor: (item) => {
          const sort = item % 2 === 0 ? 'even' : 'odd';
          return item < -90 ? undefined : { sort, awaited: () => room.get(sort) ?? 0 };
        },
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

  describe('with lanes', () => {
    interface Item {
      readonly lane: string;
      readonly n: number;
      readonly size?: number;
    }
    type Run = (items: readonly Item[]) => Promise<readonly Outcome<number>[]>;

    const answers = (items: readonly Item[]): readonly Outcome<number>[] =>
      items.map(({ n }) => ({ value: n }));
    const made = (run: Run, limits: Partial<BatchLimits> = {}) =>
      new Batcher<Item, number>(
        run,
        { ...roomy, maxRunning: 2, ...limits },
        { laneOf: ({ lane }) => lane, sizeOf: ({ size = 1 }) => size, yields: ({ n }) => n < 0 },
      );
    const some = (lane: string, count: number): Item[] =>
      Array.from({ length: count }, (_, index) => ({ lane, n: index + 1 }));
    const noted = (batches: string[]) => (items: readonly Item[]) => {
      batches.push(items.map(({ lane, n }) => `${lane}${n}`).join(' '));
      return Promise.resolve(answers(items));
    };

    it('runs an item of one lane beside the batch of another', async () => {
      const [begun, held] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
      const batcher = made(async (items) => {
        begun.resolve(undefined);
        if (items.some(({ lane }) => lane === 'a')) await held.promise;
        return answers(items);
      });
      const first = batcher.submit({ lane: 'a', n: 1 });
      await begun.promise;
      await batcher.submit({ lane: 'b', n: 2 });
      held.resolve(undefined);
      expect(await first).toBe(1);
    });

    it('never has two batches of one lane under way, nor more at once than may be', async () => {
      const under: string[] = [];
      const most = { ofOne: 0, inAll: 0 };
      const batcher = made(async (items) => {
        const lanes = [...new Set(items.map(({ lane }) => lane))];
        under.push(...lanes);
        most.inAll = Math.max(most.inAll, new Set(under).size);
        most.ofOne = Math.max(most.ofOne, ...lanes.map((lane) => under.filter((one) => one === lane).length));
        await new Promise((resolve) => setImmediate(resolve));
        for (const lane of lanes) under.splice(under.indexOf(lane), 1);
        return answers(items);
      });
      const items = ['a', 'b', 'c'].flatMap((lane) => some(lane, 20));
      const all = items.map((item) => batcher.submit(item));
      expect(await Promise.all(all)).toEqual(items.map(({ n }) => n));
      expect(most).toEqual({ ofOne: 1, inAll: 2 });
    });

    it('puts lanes in which little waits into one batch, and one in which much waits into its own', async () => {
      const batches: string[] = [];
      const batcher = made(noted(batches), { maxContended: 8 });
      const items = [...some('a', 2), ...some('b', 8), ...some('c', 7)];
      await Promise.all(items.map((item) => batcher.submit(item)));
      expect(batches).toEqual(['a1 a2 c1 c2 c3 c4 c5 c6 c7', 'b1 b2 b3 b4 b5 b6 b7 b8']);
    });

    it('keeps the batches of a lane small while there are others, and gives those their turn between', async () => {
      const batches: string[] = [];
      const batcher = made(noted(batches), { maxRunning: 1, maxContended: 4 });
      await Promise.all([...some('a', 16), ...some('b', 16)].map((item) => batcher.submit(item)));
      expect(batches.slice(0, 6)).toEqual([
        'a1 a2 a3 a4',
        'b1 b2 b3 b4',
        'a5 a6 a7 a8',
        'b5 b6 b7 b8',
        'a9 a10 a11 a12',
        'b9 b10 b11 b12',
      ]);
    });

    it('has a lane rest behind its own batch, so that another that came later goes first', async () => {
      const batches: string[] = [];
      const begun = Promise.withResolvers<undefined>();
      const held = Promise.withResolvers<undefined>();
      const note = noted(batches);
      const batcher = made(
        async (items) => {
          begun.resolve(undefined);
          await held.promise;
          return note(items);
        },
        { maxRunning: 1 },
      );
      const first = some('a', 8).map((item) => batcher.submit(item));
      await begun.promise;
      const others = [...some('a', 8), ...some('b', 1)].map((item) => batcher.submit(item));
      held.resolve(undefined);
      await Promise.all([...first, ...others]);
      expect(batches[1]).toBe('b1');
    });

    it('has a large batch of a lane that is alone', async () => {
      const batches: string[] = [];
      const batcher = made(noted(batches), { maxContended: 4 });
      await Promise.all(some('a', 9).map((item) => batcher.submit(item)));
      expect(batches).toEqual(['a1 a2 a3 a4 a5 a6 a7 a8 a9']);
    });

    it('lets one that yields and is large wait until the shares of several batches make up for it', async () => {
      const batches: string[] = [];
      const batcher = made(noted(batches), { maxBatch: 4, maxYielding: 1 });
      const large = { lane: 'a', n: -1, size: 3 };
      await Promise.all([large, ...some('a', 12)].map((item) => batcher.submit(item)));
      expect(batches).toEqual(['a1 a2 a3', 'a4 a5 a6', 'a7 a8 a9 a-1', 'a10 a11 a12']);
    });

    it('takes one that is larger than a batch where there is nothing else', async () => {
      const batches: string[] = [];
      const batcher = made(noted(batches), { maxBatch: 4, maxYielding: 1 });
      await Promise.all([-1, -2].map((n) => batcher.submit({ lane: 'a', n, size: 100 })));
      expect(batches).toEqual(['a-1', 'a-2']);
    });
  });
});
