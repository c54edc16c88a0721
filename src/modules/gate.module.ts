import { Global, Module } from '@nestjs/common';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { safetyDetectors } from '../lib/safety/safety-detectors.js';
import { TenantPatternChecker } from '../lib/safety/tenant-pattern.js';
import { ThreadedLargeOutputs } from '../lib/safety/threaded-large-outputs.js';
import { LargeOutputsPort } from '../ports/large-outputs.js';
import { PatternCheckerPort } from '../ports/pattern-checker.js';
import { SAFETY_DETECTORS } from '../ports/safety-detector.js';

@Global()
@Module({
  providers: [
    { provide: SAFETY_DETECTORS, useFactory: safetyDetectors },
    { provide: PatternCheckerPort, useClass: TenantPatternChecker },
    { provide: LargeOutputsPort, useFactory: largeOutputs },
  ],
  exports: [SAFETY_DETECTORS, PatternCheckerPort, LargeOutputsPort],
})
export class GateModule {}

function largeOutputs(): LargeOutputsPort {
  // Beside this module, compiled as it is or not.
  const thread = new URL(`./gate-thread${extname(import.meta.url)}`, import.meta.url);
  const threads = Math.max(1, Math.min(4, availableParallelism() - 1));
  return new ThreadedLargeOutputs({ thread, threads, waiting: 64, budgetMs: 10_000 });
}
