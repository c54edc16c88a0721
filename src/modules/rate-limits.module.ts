import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Config } from '../config.js';
import { type Allowance, type Allowances, SharedRateLimits } from '../lib/shared-rate-limits.js';
import { RateLimitsPort } from '../ports/rate-limits.js';
import type { Resources } from './resources.js';

/** Requests are counted over so many seconds, so that a burst is no offence. */
const requestWindowS = 10;

@Global()
@Module({})
export class RateLimitsModule {
  static on({ config, redis }: Resources): DynamicModule {
    const limits = {
      provide: RateLimitsPort,
      useFactory: () => new SharedRateLimits(allowancesOf(config), redis?.shared),
    };
    return { module: RateLimitsModule, providers: [limits], exports: [RateLimitsPort] };
  }
}

function allowancesOf({ rateLimitCredential, rateLimitTenant, loginFailuresPerMinute }: Config): Allowances {
  return {
    credential: allowance(rateLimitCredential * requestWindowS, requestWindowS),
    tenant: allowance(rateLimitTenant * requestWindowS, requestWindowS),
    login: allowance(loginFailuresPerMinute, 60),
  };
}

/** None for 0. */
function allowance(points: number, duration: number): Allowance | undefined {
  return points > 0 ? { points, duration } : undefined;
}
