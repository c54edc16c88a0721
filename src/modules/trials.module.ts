import { type DynamicModule, Global, Module } from '@nestjs/common';
import { extname } from 'node:path';
import { PostgresPolicyTrials } from '../lib/postgres/postgres-policy-trials.js';
import { OwnThreadReplay } from '../lib/replay/own-thread-replay.js';
import { ThreadedReplay } from '../lib/replay/threaded-replay.js';
import { LargeOutputsPort } from '../ports/large-outputs.js';
import { PolicyTrialsPort } from '../ports/policy-trials.js';
import { ReplayPort } from '../ports/replay.js';
import { SAFETY_DETECTORS, type SafetyDetectorPort } from '../ports/safety-detector.js';
import { Judge } from '../services/judge.js';
import { judgeAgain, replayLimits } from '../services/judge-again.js';
import type { Resources } from './resources.js';

/** What policies are tried on, and where they are tried. */
@Global()
@Module({})
export class TrialsModule {
  static on({ config, rows, tables }: Resources): DynamicModule {
    const trials = { provide: PolicyTrialsPort, useFactory: () => new PostgresPolicyTrials(rows, tables) };
    const replay = {
      provide: ReplayPort,
      inject: [SAFETY_DETECTORS, LargeOutputsPort],
      useFactory: (detectors: readonly SafetyDetectorPort[], largeOutputs: LargeOutputsPort) =>
        replayWith(config.replayThreads, new Judge(detectors, replayLimits, largeOutputs)),
    };
    return { module: TrialsModule, providers: [trials, replay], exports: [PolicyTrialsPort, ReplayPort] };
  }
}

function replayWith(threads: number, judge: Judge): ReplayPort {
  if (threads === 0) return new OwnThreadReplay((policy, result) => judgeAgain(judge, policy, result));
  // Beside this module, compiled as it is or not.
  const thread = new URL(`./replay-thread${extname(import.meta.url)}`, import.meta.url);
  return new ThreadedReplay({ thread, threads });
}
