import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Checkpoint, SignedCheckpoint } from '../../src/models/checkpoint.js';
import type { CheckpointSinkPort } from '../../src/ports/checkpoint-sink.js';
import { privateKeyFrom } from '../../src/models/signing-key.js';
import { AuditSigner } from '../../src/services/audit-signer.js';

/** A sink, and a look at what it has got. */
export interface OpenSink {
  readonly sink: CheckpointSinkPort;
  got(): Promise<readonly SignedCheckpoint[]>;
  /** Has it take nothing until `heal`. */
  breakDown(): Promise<void>;
  heal(): Promise<void>;
  close(): Promise<void>;
}

const signer = new AuditSigner(privateKeyFrom(Buffer.alloc(32, 1).toString('base64')));

export function aCheckpoint(sequence: number, tenantId = 't_factory'): Checkpoint {
  return signer.checkpoint({
    tenantId,
    sequence,
    hash: 'a'.repeat(64),
    previousDigest: `sha256:${'0'.repeat(64)}`,
    at: new Date('2026-03-01T12:00:00.000Z'),
  });
}

/** What every sink promises. */
export function checkpointSinkContract(name: string, open: () => Promise<OpenSink>): void {
  describe(`a checkpoint sink: ${name}`, () => {
    let opened: OpenSink;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());

    it('has what it was brought, in order, as it was signed', async () => {
      await opened.sink.deliver([aCheckpoint(1), aCheckpoint(7)]);
      await opened.sink.deliver([aCheckpoint(9)]);
      const got = await opened.got();
      expect(got.map(({ sequence }) => sequence)).toEqual([1, 7, 9]);
      expect(got[0]).toEqual({
        format: 'chimera-checkpoint/1',
        ...aCheckpoint(1),
        at: '2026-03-01T12:00:00.000Z',
      });
    });

    it('says so when it does not take them, and takes them later', async () => {
      await opened.breakDown();
      await expect(opened.sink.deliver([aCheckpoint(12)])).rejects.toThrow();
      await opened.heal();
      await opened.sink.deliver([aCheckpoint(12)]);
      expect((await opened.got()).at(-1)?.sequence).toBe(12);
    });
  });
}
