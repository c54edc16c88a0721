import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureSigningKeyFile } from '../../../src/lib/signing-key-file.js';
import { BootError } from '../../../src/models/boot-error.js';

describe('the signing key of an installation that was given none', () => {
  let folder: string;
  let dataDir: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chimera-key-'));
    dataDir = join(folder, 'data');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is made once and kept, readable by its owner alone', async () => {
    const made = await ensureSigningKeyFile(dataDir);
    expect((await ensureSigningKeyFile(dataDir)).equals(made)).toBe(true);
    expect(await readdir(dataDir)).toEqual(['audit-signing-key.pem']);
    expect((await stat(join(dataDir, 'audit-signing-key.pem'))).mode & 0o777).toBe(0o600);
  });

  it('is the same for processes that start together', async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => ensureSigningKeyFile(dataDir)));
    expect(keys.every((key) => key.equals(keys[0] ?? key))).toBe(true);
    expect(await readdir(dataDir)).toHaveLength(1);
  });

  it('ends the start with the file to look at when it holds no key', async () => {
    await ensureSigningKeyFile(dataDir);
    await writeFile(join(dataDir, 'audit-signing-key.pem'), 'half of a k');
    const start = ensureSigningKeyFile(dataDir);
    await expect(start).rejects.toThrow(BootError);
    await expect(start).rejects.toThrow('audit-signing-key.pem');
  });

  it('ends the start with the setting to look at when it cannot be kept', async () => {
    await writeFile(dataDir, 'a file');
    const start = ensureSigningKeyFile(dataDir);
    await expect(start).rejects.toThrow(BootError);
    await expect(start).rejects.toThrow('set AUDIT_SIGNING_KEY');
  });
});
