import { execFile } from 'node:child_process';
import { mkdir, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const attempts = 20;

/** A file system of its own, in memory, that can be made full. */
export class Disk {
  private mounted = true;

  private constructor(private readonly path: string) {}

  /** Mounts one at a new folder. Answers `undefined` where that is not allowed: it takes Linux and root's rights. */
  static async mount(path: string): Promise<Disk | undefined> {
    await mkdir(path);
    try {
      await execute('mount', ['-t', 'tmpfs', '-o', 'mode=0711,size=50%', 'chimera-drill', path]);
      return new Disk(path);
    } catch {
      return undefined;
    }
  }

  /** From now on there is room for this much more, in bytes, and for no more than that. */
  async fill(spare: number): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const { bsize, blocks, bfree } = await statfs(this.path);
      try {
        await this.resize(String((blocks - bfree) * bsize + spare));
        return;
      } catch (error) {
        // What was written in between no longer fits.
        if (attempt === attempts) throw error;
      }
    }
  }

  async makeRoom(): Promise<void> {
    await this.resize('50%');
  }

  /** A second call does nothing more. */
  async unmount(): Promise<void> {
    if (!this.mounted) return;
    this.mounted = false;
    await execute('umount', ['--lazy', this.path]);
  }

  private async resize(size: string): Promise<void> {
    await execute('mount', ['-o', `remount,size=${size}`, this.path]);
  }
}
