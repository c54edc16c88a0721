import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Config } from '../config.js';
import { FileCheckpointSink } from '../lib/checkpoint-sinks/file-sink.js';
import { WebhookCheckpointSink } from '../lib/checkpoint-sinks/webhook-sink.js';
import { PostgresCheckpoints } from '../lib/postgres/postgres-checkpoints.js';
import { publicKeyFrom } from '../models/signing-key.js';
import { CHECKPOINT_SINKS, type CheckpointSinkPort } from '../ports/checkpoint-sink.js';
import { CheckpointsPort } from '../ports/checkpoints.js';
import { AuditSigner } from '../services/audit-signer.js';
import { CheckpointRhythm } from '../services/checkpoints.js';
import type { Resources } from './resources.js';

/** What makes the audit record one that outsiders can check: the key that signs, and where checkpoints go. */
@Global()
@Module({})
export class AuditModule {
  static on({ config, rows, signingKey }: Resources): DynamicModule {
    const retired = config.auditVerifyKeys.map(publicKeyFrom);
    const providers = [
      { provide: AuditSigner, useFactory: () => new AuditSigner(signingKey, retired) },
      { provide: CheckpointRhythm, useValue: config },
      { provide: CheckpointsPort, useFactory: () => new PostgresCheckpoints(rows) },
      { provide: CHECKPOINT_SINKS, useFactory: () => sinksOf(config) },
    ];
    return { module: AuditModule, providers, exports: providers };
  }
}

function sinksOf({ checkpointFile, checkpointWebhook, checkpointWebhookPrivate }: Config) {
  const sinks: CheckpointSinkPort[] = [];
  if (checkpointFile !== undefined) sinks.push(new FileCheckpointSink(checkpointFile));
  if (checkpointWebhook !== undefined) {
    sinks.push(new WebhookCheckpointSink({ url: checkpointWebhook, allowPrivate: checkpointWebhookPrivate }));
  }
  return sinks;
}
