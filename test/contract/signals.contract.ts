import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Signal, SignalPort } from '../../src/ports/signals.js';
import { eventually } from './eventually.js';

/** What carries signals. */
export interface SignalStore {
  /** One more instance, as another process has it. */
  open(): Promise<OpenSignals>;
  /** Breaks every connection that signals come by, from the store's end. */
  breakConnections(): Promise<void>;
  /** Has the store carry a text to every process, as it is. */
  send(message: string): Promise<void>;
  /** Collects messages as they travel. Returns the way to stop. */
  listen(onMessage: (message: string) => void): Promise<() => Promise<void>>;
  drop(): Promise<void>;
}

export interface OpenSignals {
  readonly signals: SignalPort;
  close(): Promise<void>;
}

/** A listener that keeps what it hears. */
class Ear {
  readonly heard: Signal[] = [];
  resyncs = 0;

  onSignal(signal: Signal): void {
    this.heard.push(signal);
  }

  onResync(): void {
    this.resyncs += 1;
  }
}

/** Begins the ids of signals that only say that those before them have come. */
const marker = 'marker-';

const tenantId = `t_${'x'.repeat(63)}`;

function feed(): Signal {
  return { topic: 'feed', tenantId: `t_${randomUUID()}` };
}

function ready(count: number, kind = 'support.reply'): Signal {
  return { topic: 'ready', tenantId, kind, count };
}

/** What every carrier of signals promises. */
export function signalsContract(name: string, openStore: () => Promise<SignalStore>): void {
  describe(name, () => {
    let store: SignalStore;
    const opened: OpenSignals[] = [];

    beforeAll(async () => {
      store = await openStore();
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((one) => one.close()));
    });
    afterAll(() => store.drop());

    const open = async () => {
      const one = await store.open();
      opened.push(one);
      const ear = new Ear();
      const unsubscribe = one.signals.subscribe(ear);
      return { signals: one.signals, ear, unsubscribe };
    };
    /** What an ear has heard, once everything that was sent before is there. */
    const arrived = async (from: SignalPort, ear: Ear) => {
      const taskId = `${marker}${randomUUID()}`;
      from.publish([{ topic: 'final', taskId }]);
      const isLast = (signal: Signal) => signal.topic === 'final' && signal.taskId === taskId;
      await eventually(
        () => ear.heard,
        (heard) => heard.some(isLast),
      );
      return ear.heard.filter((signal) => signal.topic !== 'final' || !signal.taskId.startsWith(marker));
    };

    it('tells listeners of its own process at once', async () => {
      const { signals, ear } = await open();
      const sent = [feed(), ready(2), { topic: 'final', taskId: randomUUID() } as const];
      signals.publish(sent);
      expect(ear.heard).toEqual(sent);
    });

    it('tells every other process, and its own no second time', async () => {
      const [one, two, three] = [await open(), await open(), await open()];
      const sent = [feed(), ready(3), { topic: 'final', taskId: randomUUID() } as const];
      one.signals.publish(sent);
      expect(await arrived(one.signals, two.ear)).toEqual(sent);
      expect(await arrived(one.signals, three.ear)).toEqual(sent);
      expect(await arrived(two.signals, one.ear)).toEqual(sent);
    });

    it('sends nothing for nothing', async () => {
      const [one, two] = [await open(), await open()];
      one.signals.publish([]);
      expect(await arrived(one.signals, two.ear)).toEqual([]);
    });

    it('adds up what became ready in one turn, and says the rest once', async () => {
      const [one, two] = [await open(), await open()];
      const told = feed();
      one.signals.publish([ready(1), told]);
      one.signals.publish([ready(2), told, ready(5, 'other')]);
      one.signals.publish([ready(4)]);
      expect(await arrived(one.signals, two.ear)).toEqual([ready(7), told, ready(5, 'other')]);
      expect(one.ear.heard).toHaveLength(7);
    });

    it('lets thousands of signals travel together, in messages below 8,000 bytes', async () => {
      const [one, two] = [await open(), await open()];
      const messages: string[] = [];
      const stop = await store.listen((message) => messages.push(message));
      const sent = Array.from({ length: 2_000 }, (_, index) =>
        ready(100_000 + index, `${index}-`.padEnd(128, 'k')),
      );
      one.signals.publish(sent);
      expect(await arrived(one.signals, two.ear)).toEqual(sent);
      await eventually(
        () => messages.length,
        (count) => count >= 2_000 / 30,
      );
      await stop();
      expect(messages.length).toBeLessThan(200);
      expect(Math.max(...messages.map((message) => Buffer.byteLength(message)))).toBeLessThan(8_000);
    });

    it('tells nobody who has unsubscribed', async () => {
      const [one, two] = [await open(), await open()];
      two.unsubscribe();
      one.unsubscribe();
      one.signals.publish([feed()]);
      const other = new Ear();
      two.signals.subscribe(other);
      await arrived(one.signals, other);
      expect(two.ear.heard).toEqual([]);
      expect(one.ear.heard).toEqual([]);
    });

    it('lives through a message that is none of its own', async () => {
      const [one, two] = [await open(), await open()];
      for (const message of ['hello', '', '7', 'null', '[]', '{"origin":"x"}', '{"signals":7}']) {
        await store.send(message);
      }
      expect(await arrived(one.signals, two.ear)).toEqual([]);
    });

    it('asks listeners to look again after a lost connection, and delivers from then on', async () => {
      const [one, two] = [await open(), await open()];
      await store.breakConnections();
      for (const { ear } of [one, two]) {
        await eventually(
          () => ear.resyncs,
          (resyncs) => resyncs > 0,
        );
      }
      expect(await arrived(one.signals, two.ear)).toEqual([]);
      expect(await arrived(two.signals, one.ear)).toEqual([]);
    });
  });
}
