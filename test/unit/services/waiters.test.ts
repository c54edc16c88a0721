import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import type { Reserved, Taker, Waiter } from '../../../src/services/open-waiter.js';
import { topics, Waiters } from '../../../src/services/waiters.js';
import { LocalSignals } from '../lib/local-signals.js';
import { aTicket } from '../models/factories.js';

const tenantId = 't_one';
const kind = 'support.reply';
const readiness = topics.ready(tenantId, kind);

function inAMinute(): number {
  return Date.now() + 60_000;
}

describe('a waiter', () => {
  let signals: LocalSignals;
  let waiters: Waiters;
  let looks: string[];
  let polls: Promise<unknown>[];

  beforeEach(() => {
    signals = new LocalSignals();
    waiters = new Waiters(signals);
    looks = [];
    polls = [];
  });
  afterEach(async () => {
    waiters.drain();
    await Promise.all(polls);
  });

  function ready(count: number): void {
    signals.publish([{ topic: 'ready', tenantId, kind, count }]);
  }

  /** Waits for the next reason to look, and notes what it was told under its name. */
  function wait(name: string, waiter: Waiter): void {
    polls.push(waiter.next(inAMinute()).then((more) => looks.push(more ? name : `${name} ends`)));
  }

  /** A waiter that has looked once, in vain, and waits for the next reason to. */
  async function waiting(name: string, topicNames: readonly string[] = [readiness]): Promise<Waiter> {
    const waiter = waiters.wait(topicNames);
    expect(await waiter.next(inAMinute())).toBe(true);
    wait(name, waiter);
    return waiter;
  }

  it('looks at once when it is opened, even when its time is over', async () => {
    expect(await waiters.wait([readiness]).next(Date.now() - 1)).toBe(true);
  });

  it('loses no signal that comes between its look and its wait', async () => {
    const waiter = waiters.wait([readiness]);
    await waiter.next(inAMinute());
    ready(1);
    expect(await waiter.next(Date.now() - 1)).toBe(true);
  });

  it('does not look again for one signal twice', async () => {
    const waiter = waiters.wait([readiness]);
    await waiter.next(inAMinute());
    ready(1);
    await waiter.next(inAMinute());
    expect(await waiter.next(Date.now())).toBe(false);
  });

  it('ends when its time is over', async () => {
    const waiter = waiters.wait([readiness]);
    await waiter.next(inAMinute());
    expect(await waiter.next(Date.now() + 20)).toBe(true);
    expect(await waiter.next(Date.now() - 1)).toBe(false);
  });

  it('is woken by readiness in its turn, as many as there is work for', async () => {
    for (const name of ['first', 'second', 'third']) await waiting(name);
    ready(2);
    await turn();
    expect(looks).toEqual(['first', 'second']);
    ready(1);
    await turn();
    expect(looks).toEqual(['first', 'second', 'third']);
  });

  it('goes to the end of the line once it was woken', async () => {
    const first = await waiting('first');
    await waiting('second');
    ready(1);
    await turn();
    wait('first again', first);
    ready(1);
    await turn();
    expect(looks).toEqual(['first', 'second']);
  });

  it('is woken by readiness of its own tenant and kind alone', async () => {
    await waiting('mine');
    signals.publish([
      { topic: 'ready', tenantId: 't_two', kind, count: 9 },
      { topic: 'ready', tenantId, kind: 'support.other', count: 9 },
      { topic: 'feed', tenantId },
    ]);
    await turn();
    expect(looks).toEqual([]);
  });

  it('is woken with all others when a feed grew or a task became final', async () => {
    for (const name of ['a', 'b']) await waiting(`feed ${name}`, [topics.feed(tenantId)]);
    for (const name of ['a', 'b']) await waiting(`task ${name}`, [topics.final('task-1')]);
    signals.publish([{ topic: 'feed', tenantId }]);
    await turn();
    expect(looks).toEqual(['feed a', 'feed b']);
    signals.publish([{ topic: 'final', taskId: 'task-1' }]);
    await turn();
    expect(looks).toEqual(['feed a', 'feed b', 'task a', 'task b']);
  });

  it('hands a signal that it can make no use of to the next in line', async () => {
    const first = await waiting('first');
    await waiting('second');
    ready(1);
    await turn();
    first.pass();
    await turn();
    expect(looks).toEqual(['first', 'second']);
  });

  it('does not look again for a signal that it passed on, so that two of no use do not wake each other for ever', async () => {
    const full = waiters.wait([readiness]);
    await full.next(Date.now());
    ready(1);
    full.pass();
    await expect(full.next(Date.now())).resolves.toBe(false);
  });

  it('that passed stands aside for those that can make use of signals', async () => {
    const first = await waiting('first');
    await waiting('second');
    ready(1);
    await turn();
    first.pass();
    wait('first again', first);
    ready(1);
    await turn();
    expect(looks).toEqual(['first', 'second']);
  });

  it('leaves a signal that it did not look after to the next in line when it closes, and once', async () => {
    const gone = waiters.wait([readiness]);
    await gone.next(inAMinute());
    await waiting('second');
    await waiting('third');
    ready(1);
    await turn();
    expect(looks).toEqual([]);
    gone.close();
    gone.close();
    await turn();
    expect(looks).toEqual(['second']);
  });

  it('takes no signal from those behind it after it has closed', async () => {
    const gone = waiters.wait([readiness]);
    await gone.next(inAMinute());
    gone.close();
    await waiting('second');
    ready(1);
    await turn();
    expect(looks).toEqual(['second']);
  });

  describe('with room for tickets', () => {
    const tickets = ['one', 'two', 'three', 'four'].map((taskId) => aTicket({ tenantId, kind, taskId }));
    const idsOf = (some: readonly { taskId: string }[]) => some.map(({ taskId }) => taskId);

    /** A waiter that sleeps. */
    async function sleeping(name: string, room: number): Promise<Waiter> {
      const waiter = waiters.wait([readiness], { room });
      expect(await waiter.next(inAMinute())).toBe(true);
      wait(name, waiter);
      return waiter;
    }

    it('is handed as many as it has room for, in equal shares, who has waited longest first', async () => {
      const [first, second, third] = [await sleeping('a', 1), await sleeping('b', 5), await sleeping('c', 1)];
      expect(waiters.roomFor(readiness)).toBe(7);
      expect(idsOf(waiters.offer(readiness, tickets))).toEqual([]);
      expect([first, second, third].map((one) => idsOf(one.take()))).toEqual([
        ['one'],
        ['two', 'three'],
        ['four'],
      ]);
      await turn();
      expect(looks).toEqual(['a', 'b', 'c']);
    });

    it('leaves what there is no room for', async () => {
      const waiter = await sleeping('a', 2);
      expect(idsOf(waiters.offer(readiness, tickets))).toEqual(['three', 'four']);
      expect(waiters.offer(readiness, tickets)).toEqual(tickets);
      expect(waiters.roomFor(readiness)).toBe(0);
      expect(idsOf(waiter.take())).toEqual(['one', 'two']);
      expect(waiter.take()).toEqual([]);
    });

    it.each<[string, () => Promise<unknown>]>([
      ['before its first look', () => Promise.resolve(waiters.wait([readiness], { room: 1 }))],
      ['while it looks', () => waiters.wait([readiness], { room: 1 }).next(inAMinute())],
      [
        'once it was told to look',
        async () => {
          await sleeping('told', 1);
          ready(1);
        },
      ],
      ['without room', () => sleeping('roomless', 0)],
    ])('is handed none %s', async (_, open) => {
      await open();
      expect(waiters.roomFor(readiness)).toBe(0);
      expect(waiters.offer(readiness, tickets)).toEqual(tickets);
    });

    it('is handed none when the process goes', async () => {
      await sleeping('last', 1);
      waiters.drain();
      expect(waiters.offer(readiness, tickets)).toEqual(tickets);
    });

    it('gives back what it was handed and has not taken', async () => {
      const waiter = await sleeping('a', 1);
      waiters.offer(readiness, tickets.slice(0, 1));
      expect(idsOf(waiter.close())).toEqual(['one']);
      expect(waiter.close()).toEqual([]);
    });

    it('leaves a signal that came with its ticket to the next in line', async () => {
      const waiter = await sleeping('a', 1);
      waiters.offer(readiness, tickets.slice(0, 1));
      ready(1);
      await turn();
      await sleeping('b', 1);
      waiter.take();
      waiter.close();
      await turn();
      expect(looks).toEqual(['a', 'b']);
    });
  });

  describe('with a taker', () => {
    const taker: Taker = { needs: {}, take: (_, tickets) => tickets, lost: () => undefined };
    const ticket = aTicket({ tenantId, kind });

    async function sleeping(name: string, signal?: AbortSignal): Promise<Waiter> {
      const waiter = waiters.wait([readiness], { room: 1, taker, signal });
      expect(await waiter.next(inAMinute())).toBe(true);
      wait(name, waiter);
      return waiter;
    }

    function reserved(): Reserved {
      const found = waiters.reserve(readiness);
      if (!found) throw new Error('Nobody is reserved.');
      return found;
    }

    it('is reserved for one unit of work, who has slept longest first, and handed nothing else meanwhile', async () => {
      const [first, second] = [await sleeping('a'), await sleeping('b')];
      const one = reserved();
      expect(one.taker).toBe(taker);
      expect(waiters.roomFor(readiness)).toBe(1);
      expect(waiters.offer(readiness, [ticket])).toEqual([]);
      expect(waiters.reserve(readiness)).toBeUndefined();
      expect([first.take(), second.take()]).toEqual([[], [ticket]]);
      one.settle(false);
    });

    it('looks, and first at what it was served, once that is settled', async () => {
      const waiter = await sleeping('a');
      reserved().settle(true);
      expect(waiters.offer(readiness, [ticket])).toEqual([ticket]);
      await turn();
      expect(looks).toEqual(['a']);
      expect([waiter.served(), waiter.served()]).toEqual([true, false]);
    });

    it('sleeps on when nothing came of it, and may be reserved again', async () => {
      const waiter = await sleeping('a');
      reserved().settle(false);
      await turn();
      expect(looks).toEqual([]);
      expect(waiter.served()).toBe(false);
      expect(waiters.roomFor(readiness)).toBe(1);
      reserved().settle(false);
    });

    it('is not woken before that is settled, by a signal or because its time is over', async () => {
      const waiter = waiters.wait([readiness], { room: 1, taker });
      await waiter.next(inAMinute());
      const late = waiter.next(Date.now() + 20).then((more) => looks.push(`late ${more}`));
      await sleeping('told');
      const both = [reserved(), reserved()];
      ready(2);
      await pause(60);
      expect(looks).toEqual([]);
      for (const { settle } of both) settle(false);
      await late;
      await turn();
      expect(looks.toSorted()).toEqual(['late true', 'told']);
    });

    it('that was served is told so, though its caller has gone or the process goes', async () => {
      const caller = new AbortController();
      const waiter = await sleeping('a', caller.signal);
      const { settle } = reserved();
      caller.abort();
      waiters.drain();
      settle(true);
      await turn();
      expect(looks).toEqual(['a']);
      expect(waiter.served()).toBe(true);
    });

    it('leaves a signal that came meanwhile to the next in line', async () => {
      const waiter = await sleeping('a');
      const { settle } = reserved();
      ready(1);
      await sleeping('b');
      settle(true);
      await turn();
      waiter.close();
      await turn();
      expect(looks).toEqual(['a', 'b']);
    });

    it('is not reserved before its first look, without room, or when the process goes', async () => {
      waiters.wait([readiness], { room: 1, taker });
      const roomless = waiters.wait([readiness], { taker });
      await roomless.next(inAMinute());
      wait('roomless', roomless);
      expect(waiters.reserve(readiness)).toBeUndefined();
      await sleeping('a');
      waiters.drain();
      expect(waiters.reserve(readiness)).toBeUndefined();
    });
  });

  it('ends when its caller has gone, asleep or not yet', async () => {
    const caller = new AbortController();
    const waiter = waiters.wait([readiness], { signal: caller.signal });
    await waiter.next(inAMinute());
    wait('caller', waiter);
    caller.abort();
    await turn();
    expect(looks).toEqual(['caller ends']);
    expect(await waiters.wait([readiness], { signal: caller.signal }).next(inAMinute())).toBe(false);
  });

  it('ends when the process goes, whatever it waits for', async () => {
    await waiting('nothing', []);
    await waiting('work');
    waiters.onApplicationShutdown();
    await turn();
    expect(looks).toEqual(['nothing ends', 'work ends']);
    expect(await waiters.wait([readiness]).next(inAMinute())).toBe(false);
  });

  it('looks again when signals may have been missed', async () => {
    await waiting('work');
    await waiting('feed', [topics.feed(tenantId)]);
    signals.reconnect();
    await turn();
    expect(looks).toEqual(['work', 'feed']);
  });

  it('is refused with UNAVAILABLE when 50,000 wait, and let in when one has closed', () => {
    const open = Array.from({ length: 50_000 }, () => waiters.wait([readiness]));
    expect(() => waiters.wait([readiness])).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    open[0]?.close();
    expect(() => waiters.wait([readiness])).not.toThrow();
  });
});
