import { afterEach, describe, expect, it } from '@jest/globals';
import { appendFile, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileCheckpointSink } from '../../src/lib/checkpoint-sinks/file-sink.js';
import { WebhookCheckpointSink } from '../../src/lib/checkpoint-sinks/webhook-sink.js';
import type { SignedCheckpoint } from '../../src/models/checkpoint.js';
import { startReceiver, startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { aCheckpoint, checkpointSinkContract } from './checkpoint-sink.contract.js';

async function aFile() {
  const folder = await mkdtemp(join(tmpdir(), 'chimera-sink-'));
  const inner = join(folder, 'inner');
  await rename(await mkdtemp(join(folder, 'x-')), inner);
  const path = join(inner, 'checkpoints.ndjson');
  const linesOf = async () => (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  return {
    sink: new FileCheckpointSink(path),
    path,
    linesOf,
    got: async () => (await linesOf()).map((line) => JSON.parse(line) as SignedCheckpoint),
    breakDown: () => rename(inner, `${inner}.away`),
    heal: () => rename(`${inner}.away`, inner),
    close: () => rm(folder, { recursive: true }),
  };
}

checkpointSinkContract('a file', aFile);
checkpointSinkContract('a webhook', async () => {
  const receiver = await startWebhookReceiver();
  const url = `http://127.0.0.1:${receiver.port}/hook`;
  const set = (status: number) => {
    receiver.state.status = status;
    return Promise.resolve();
  };
  return {
    sink: new WebhookCheckpointSink({ url, allowPrivate: true }),
    got: () => Promise.resolve(receiver.got()),
    breakDown: () => set(500),
    heal: () => set(204),
    close: receiver.close,
  };
});

describe('a file of checkpoints', () => {
  it('begins a new line behind one that a crash has cut short', async () => {
    const { sink, path, linesOf, close } = await aFile();
    await sink.deliver([aCheckpoint(1)]);
    await appendFile(path, '{"format":"chim');
    await sink.deliver([aCheckpoint(2)]);
    const lines = await linesOf();
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ sequence: 2 });
    await close();
  });
});

describe('a webhook for checkpoints', () => {
  let receiver: WebhookReceiver | undefined;
  afterEach(async () => {
    await receiver?.close();
    receiver = undefined;
  });
  const sinkAt = (url: string, options: { allowPrivate?: boolean; timeoutMs?: number } = {}) =>
    new WebhookCheckpointSink({ url, allowPrivate: true, ...options });

  it('is tried three times while it fails, and once when it refuses', async () => {
    receiver = await startWebhookReceiver();
    const sink = sinkAt(`http://127.0.0.1:${receiver.port}/`);
    receiver.state.status = 503;
    await expect(sink.deliver([aCheckpoint(1)])).rejects.toThrow('answered 503');
    expect(receiver.state.requests).toBe(3);
    receiver.state.status = 403;
    await expect(sink.deliver([aCheckpoint(1)])).rejects.toThrow('answered 403');
    expect(receiver.state.requests).toBe(4);
  });

  it('is not followed elsewhere', async () => {
    receiver = await startWebhookReceiver();
    receiver.state.status = 307;
    await expect(sinkAt(`http://127.0.0.1:${receiver.port}/`).deliver([aCheckpoint(1)])).rejects.toThrow(
      'answered 307',
    );
    expect(receiver.state.requests).toBe(1);
  });

  it('is not called at a private address unless that is allowed, however it is written', async () => {
    receiver = await startWebhookReceiver();
    for (const host of [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '2130706433',
      '169.254.169.254',
    ]) {
      const sink = sinkAt(`http://${host}:${receiver.port}/`, { allowPrivate: false });
      await expect(sink.deliver([aCheckpoint(1)])).rejects.toMatchObject({ code: 'EPRIVATE' });
    }
    expect(receiver.state.requests).toBe(0);
  });

  it('does not keep a delivery waiting for its answer', async () => {
    const { port, close } = await startReceiver(() => undefined);
    await expect(
      sinkAt(`http://127.0.0.1:${port}/`, { timeoutMs: 100 }).deliver([aCheckpoint(1)]),
    ).rejects.toMatchObject({ name: expect.stringMatching(/Abort|Timeout/) });
    await close();
  });

  it('ends a delivery at once when the process stops', async () => {
    const { port, close } = await startReceiver(() => stopping.abort());
    const stopping = new AbortController();
    const begun = performance.now();
    const sink = sinkAt(`http://127.0.0.1:${port}/`, { timeoutMs: 20_000 });
    await expect(sink.deliver([aCheckpoint(1)], stopping.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(performance.now() - begun).toBeLessThan(5_000);
    await close();
  });

  it('is called with the user and password of its URL, which no error repeats', async () => {
    receiver = await startWebhookReceiver();
    const sink = sinkAt(`http://user:canary@127.0.0.1:${receiver.port}/`);
    await sink.deliver([aCheckpoint(1)]);
    expect(receiver.state.authorization).toBe(`Basic ${Buffer.from('user:canary').toString('base64')}`);
    receiver.state.status = 400;
    const fault: unknown = await sink.deliver([aCheckpoint(1)]).catch((error: unknown) => error);
    expect(String(fault)).toContain('answered 400');
    expect(String(fault)).not.toContain('canary');
  });
});
