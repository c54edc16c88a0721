import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePayloadKeyFile } from '../../../src/lib/payload-key-file.js';
import { BootError } from '../../../src/models/boot-error.js';

describe('the payload key of the embedded database', () => {
  let folder: string;
  let dataDir: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chimera-payload-'));
    dataDir = join(folder, 'data');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is made once and kept, readable by its owner alone', async () => {
    const made = await ensurePayloadKeyFile(dataDir);
    expect(await ensurePayloadKeyFile(dataDir)).toEqual(made);
    expect(await readdir(dataDir)).toEqual(['payload-key']);
    expect((await stat(join(dataDir, 'payload-key'))).mode & 0o777).toBe(0o600);
  });

  it('is the same for processes that start together', async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => ensurePayloadKeyFile(dataDir)));
    expect(new Set(keys.map(({ keyId }) => keyId)).size).toBe(1);
    expect(await readdir(dataDir)).toHaveLength(1);
  });

  it('ends the start with the file to look at when it holds no key', async () => {
    await ensurePayloadKeyFile(dataDir);
    await writeFile(join(dataDir, 'payload-key'), 'half of a k');
    const start = ensurePayloadKeyFile(dataDir);
    await expect(start).rejects.toThrow(BootError);
    await expect(start).rejects.toThrow('payload-key');
  });

  it('ends the start with the setting to look at when it cannot be kept', async () => {
    await writeFile(dataDir, 'a file');
    const start = ensurePayloadKeyFile(dataDir);
    await expect(start).rejects.toThrow(BootError);
    await expect(start).rejects.toThrow('set CHIMERA_DATA_DIR');
  });
});
