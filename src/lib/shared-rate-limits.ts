import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { type LimitKind, RateLimitsPort } from '../ports/rate-limits.js';

/** So many in so many seconds. */
export interface Allowance {
  readonly points: number;
  readonly duration: number;
}

export type Allowances = Readonly<Record<LimitKind, Allowance | undefined>>;

/** What was counted here is told to the others this often, in milliseconds. */
const tellingMs = 100;

/** Counts that wait to be told at once. What finds no room is told with the next. */
const mostUntold = 10_000;

/** Who is counted at once under one limit. Of more, whoever has not come for the longest is forgotten. */
const mostCounted = 50_000;

interface Limit {
  /** Decides, at once. */
  readonly here: RateLimiterMemory;
  /** Knows what all processes have counted; `undefined` without Redis. */
  readonly everywhere: RateLimiterRedis | undefined;
  readonly untold: Map<string, number>;
  /** Who is counted here, by when they last came. */
  readonly counted: LRUCache<string, true>;
}

/**
 * Each process decides by its own count, which costs no round trip. Ten times a second it adds what it has counted to the count of
 * all processes in Redis, and shuts out whoever is over that for the rest of the window. So several processes let through what
 * comes within a tenth of a second too much, and while Redis is away each grants the whole allowance for itself.
 */
@Injectable()
export class SharedRateLimits extends RateLimitsPort implements OnModuleDestroy {
  private readonly limits: Readonly<Record<LimitKind, Limit | undefined>>;
  private timer: NodeJS.Timeout | undefined;

  constructor(allowances: Allowances, redis: Redis | undefined) {
    super();
    const limitOf = (kind: LimitKind) => allowances[kind] && aLimit(kind, allowances[kind], redis);
    this.limits = { credential: limitOf('credential'), tenant: limitOf('tenant'), login: limitOf('login') };
  }

  async take(kind: LimitKind, who: string): Promise<number> {
    const limit = this.limits[kind];
    if (!limit) return 0;
    limit.counted.set(who, true);
    try {
      await limit.here.consume(who);
    } catch (refusal) {
      return waitOf(refusal);
    }
    if (limit.everywhere && (limit.untold.has(who) || limit.untold.size < mostUntold)) {
      limit.untold.set(who, (limit.untold.get(who) ?? 0) + 1);
      this.timer ??= setTimeout(() => void this.tell(), tellingMs).unref();
    }
    return 0;
  }

  async wait(kind: LimitKind, who: string): Promise<number> {
    const limit = this.limits[kind];
    limit?.counted.get(who);
    const count = await limit?.here.get(who);
    return limit && count && count.consumedPoints >= limit.here.points ? Math.max(1, count.msBeforeNext) : 0;
  }

  onModuleDestroy(): void {
    clearTimeout(this.timer);
  }

  private async tell(): Promise<void> {
    const limits = Object.values(this.limits).filter((limit) => limit !== undefined);
    await Promise.all(limits.map(tellOthers));
    this.timer = limits.some(({ untold }) => untold.size > 0)
      ? setTimeout(() => void this.tell(), tellingMs).unref()
      : undefined;
  }
}

function aLimit(kind: LimitKind, allowance: Allowance, redis: Redis | undefined): Limit {
  const here = new RateLimiterMemory({ ...allowance, keyPrefix: kind });
  return {
    here,
    everywhere:
      redis && new RateLimiterRedis({ ...allowance, storeClient: redis, keyPrefix: `chimera:limit:${kind}` }),
    untold: new Map(),
    counted: new LRUCache({ max: mostCounted, dispose: (_counted, who) => void here.delete(who) }),
  };
}

/** Commands that are sent in one turn travel together. While Redis is away nobody is told, and nothing is kept for later. */
async function tellOthers({ here, everywhere, untold, counted }: Limit): Promise<void> {
  const counts = [...untold];
  untold.clear();
  await Promise.all(
    counts.map(async ([who, count]) => {
      try {
        await everywhere?.consume(who, count);
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes && counted.has(who))
          await here.block(who, waitOf(refusal) / 1_000);
      }
    }),
  );
}

function waitOf(refusal: unknown): number {
  return refusal instanceof RateLimiterRes ? Math.max(1, refusal.msBeforeNext) : 0;
}
