import { type DynamicModule, Global, Module } from '@nestjs/common';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { ModerationClassifier } from '../lib/classifier/moderation-classifier.js';
import { safetyDetectors } from '../lib/safety/safety-detectors.js';
import { TenantPatternChecker } from '../lib/safety/tenant-pattern.js';
import { ThreadedLargeOutputs } from '../lib/safety/threaded-large-outputs.js';
import { LargeOutputsPort } from '../ports/large-outputs.js';
import { PatternCheckerPort } from '../ports/pattern-checker.js';
import { SAFETY_DETECTORS } from '../ports/safety-detector.js';
import { TopicClassifierPort } from '../ports/topic-classifier.js';
import type { Resources } from './resources.js';

/** What the gate looks with; an external classifier only where one is set. */
@Global()
@Module({})
export class GateModule {
  static on({ config: { topicClassifier } }: Resources): DynamicModule {
    const providers = [
      { provide: SAFETY_DETECTORS, useFactory: safetyDetectors },
      { provide: PatternCheckerPort, useFactory: () => new TenantPatternChecker() },
      { provide: LargeOutputsPort, useFactory: largeOutputs },
      ...(topicClassifier
        ? [{ provide: TopicClassifierPort, useFactory: () => new ModerationClassifier(topicClassifier) }]
        : []),
    ];
    return { module: GateModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}

function largeOutputs(): LargeOutputsPort {
  // Beside this module, compiled as it is or not.
  const thread = new URL(`./gate-thread${extname(import.meta.url)}`, import.meta.url);
  const threads = Math.max(1, Math.min(4, availableParallelism() - 1));
  return new ThreadedLargeOutputs({ thread, threads, waiting: 64, budgetMs: 10_000 });
}
