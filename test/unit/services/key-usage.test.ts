import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type KeyRef, KeyUsesPort } from '../../../src/ports/key-uses.js';
import { KeyUsage } from '../../../src/services/key-usage.js';

/** Keeps in mind what it was told, and can be out of order. */
class Notebook extends KeyUsesPort {
  readonly notes: (readonly KeyRef[])[] = [];
  outOfOrder = false;
  busy: Promise<undefined> | undefined;

  async note(keys: readonly KeyRef[]): Promise<void> {
    if (this.outOfOrder) throw new Error('The notebook is out of order.');
    await this.busy;
    this.notes.push(keys);
  }
}

const key = (keyId: string): KeyRef => ({ tenantId: 't_acme', keyId });

describe('the uses of keys', () => {
  it('are written down together, each key once', async () => {
    const notebook = new Notebook();
    const usage = new KeyUsage(notebook);
    for (let n = 0; n < 1_000; n += 1) usage.note(key(n % 2 === 0 ? 'a' : 'b'));
    expect(notebook.notes).toEqual([]);
    await usage.onApplicationShutdown();
    expect(notebook.notes).toEqual([[key('a'), key('b')]]);
    usage.note(key('a'));
    await usage.onApplicationShutdown();
    expect(notebook.notes).toHaveLength(1);
  });

  it('are noted with the next when they could not be written down', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const notebook = new Notebook();
    const usage = new KeyUsage(notebook);
    notebook.outOfOrder = true;
    usage.note(key('a'));
    await usage.onApplicationShutdown();
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
    notebook.outOfOrder = false;
    usage.note(key('a'));
    await usage.onApplicationShutdown();
    expect(notebook.notes).toEqual([[key('a')]]);
  });

  it('are all written down when the last of them is told to be, also what was under way', async () => {
    jest.useFakeTimers({ doNotFake: ['performance'] });
    const notebook = new Notebook();
    const usage = new KeyUsage(notebook);
    const hold = Promise.withResolvers<undefined>();
    notebook.busy = hold.promise;
    usage.note(key('a'));
    jest.runAllTimers();
    jest.useRealTimers();
    notebook.busy = undefined;
    usage.note(key('b'));
    const shutdown = usage.onApplicationShutdown();
    let isOver = false;
    void shutdown.then(() => (isOver = true));
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    hold.resolve(undefined);
    await shutdown;
    expect(notebook.notes).toEqual([[key('a')], [key('b')]]);
  });

  it('of more keys than are remembered at once are not kept', async () => {
    const notebook = new Notebook();
    const usage = new KeyUsage(notebook);
    for (let n = 0; n < 12_000; n += 1) usage.note(key(String(n)));
    await usage.onApplicationShutdown();
    expect(notebook.notes.map((keys) => keys.length)).toEqual([10_000]);
  });
});
