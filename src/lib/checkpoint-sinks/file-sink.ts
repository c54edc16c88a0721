import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Checkpoint, signedCheckpoint } from '../../models/checkpoint.js';
import { CheckpointSinkPort } from '../../ports/checkpoint-sink.js';
import { syncFolder } from '../files.js';

const newline = 0x0a;

/**
 * Checkpoints as lines of a file, which is only ever appended to: it may lie where nothing can be taken back. Lines are on the
 * disk before they count as delivered.
 */
export class FileCheckpointSink extends CheckpointSinkPort {
  readonly name = 'file';

  constructor(private readonly path: string) {
    super();
  }

  async deliver(checkpoints: readonly Checkpoint[]): Promise<void> {
    const lines = checkpoints.map((one) => `${JSON.stringify(signedCheckpoint(one))}\n`).join('');
    const file = await open(this.path, 'a+', 0o644);
    try {
      // A crash in the middle of a line has left it without an end; the line itself comes again.
      await file.appendFile(((await endsInLine(file)) ? '' : '\n') + lines);
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(dirname(this.path));
  }
}

async function endsInLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === newline;
}
