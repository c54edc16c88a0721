import { Global, Module } from '@nestjs/common';
import { safetyDetectors } from '../lib/safety/safety-detectors.js';
import { TenantPatternChecker } from '../lib/safety/tenant-pattern.js';
import { PatternCheckerPort } from '../ports/pattern-checker.js';
import { SAFETY_DETECTORS } from '../ports/safety-detector.js';

@Global()
@Module({
  providers: [
    { provide: SAFETY_DETECTORS, useFactory: safetyDetectors },
    { provide: PatternCheckerPort, useClass: TenantPatternChecker },
  ],
  exports: [SAFETY_DETECTORS, PatternCheckerPort],
})
export class GateModule {}
