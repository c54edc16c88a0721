import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { Signal } from '../../../src/ports/signals.js';
import { LocalSignals } from './local-signals.js';

const feed: Signal = { topic: 'feed', tenantId: 't_one' };

function ready(kind: string, count: number): Signal {
  return { topic: 'ready', tenantId: 't_one', kind, count };
}

function listenTo(hub: LocalSignals): Signal[] {
  const heard: Signal[] = [];
  hub.subscribe({ onSignal: (signal) => void heard.push(signal), onResync: () => undefined });
  return heard;
}

/** What another process hears of what this one sent. */
function heardFrom(hub: LocalSignals): Signal[] {
  const other = new LocalSignals();
  const heard = listenTo(other);
  for (const message of hub.sent) other.deliver(message);
  return heard;
}

describe('a hub of signals', () => {
  it('adds up, of one turn, what became ready of each kind, and says the rest once', async () => {
    const hub = new LocalSignals();
    hub.publish([ready('a', 2), feed, ready('b', 1)]);
    hub.publish([feed, ready('a', 3)]);
    await turn();
    expect(hub.sent).toHaveLength(1);
    expect(heardFrom(hub)).toEqual([ready('a', 5), feed, ready('b', 1)]);
  });

  it('sends the signals of another turn in another message', async () => {
    const hub = new LocalSignals();
    hub.publish([feed]);
    await turn();
    hub.publish([feed]);
    await turn();
    expect(hub.sent).toHaveLength(2);
  });

  it('splits what is too much for one message, and loses none of it', async () => {
    const hub = new LocalSignals();
    const signals = Array.from({ length: 100 }, (_, index) => ready('k'.repeat(100) + String(index), 1));
    hub.publish(signals);
    await turn();
    expect(hub.sent.every((message) => Buffer.byteLength(message) < 8000)).toBe(true);
    expect(heardFrom(hub)).toEqual(signals);
  });

  it('hears its own signals once, although they come back to it', async () => {
    const hub = new LocalSignals();
    const heard = listenTo(hub);
    hub.publish([feed]);
    await turn();
    for (const message of hub.sent) hub.deliver(message);
    expect(heard).toEqual([feed]);
  });

  it.each([
    ['no JSON', 'ready!'],
    ['no object', 'null'],
    ['no origin', JSON.stringify({ signals: [feed] })],
    ['no list', JSON.stringify({ origin: 'x', signals: 'feed' })],
    ['no signals', JSON.stringify({ origin: 'x', signals: [null, 7, 'feed', {}, []] })],
    ['an unknown topic', JSON.stringify({ origin: 'x', signals: [{ topic: 'stop' }] })],
    [
      'a topic without its ids',
      JSON.stringify({ origin: 'x', signals: [{ topic: 'feed' }, { topic: 'final' }] }),
    ],
    ['a count that is none', JSON.stringify({ origin: 'x', signals: [{ ...ready('a', 1), count: 'all' }] })],
  ])('ignores a message that is %s', (_, message) => {
    const hub = new LocalSignals();
    const heard = listenTo(hub);
    hub.deliver(message);
    expect(heard).toEqual([]);
  });

  it('tells listeners when messages may have been missed, until they unsubscribe', () => {
    const hub = new LocalSignals();
    let resyncs = 0;
    const unsubscribe = hub.subscribe({ onSignal: () => undefined, onResync: () => (resyncs += 1) });
    hub.reconnect();
    unsubscribe();
    hub.reconnect();
    expect(resyncs).toBe(1);
  });
});
