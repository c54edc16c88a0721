import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** A Lua script that Redis knows by its digest: its text is sent again only when Redis has forgotten it. */
export class Script {
  private readonly digest: string;

  constructor(private readonly source: string) {
    this.digest = createHash('sha1').update(source).digest('hex');
  }

  /** Runs it as one atomic round trip. All keys that it touches begin with `key`, whose hash tag says where they lie. */
  async run(redis: Redis, key: string, parameters: readonly (string | number)[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.digest, 1, key, ...parameters);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return redis.eval(this.source, 1, key, ...parameters);
    }
  }
}
