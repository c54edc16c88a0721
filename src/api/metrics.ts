import { Injectable, Optional } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { setTimeout as delay } from 'node:timers/promises';
import {
  breakerStates,
  type TopicVerdict,
  verdictOutcomes,
  type VerdictOutcome,
} from '../models/topic-verdict.js';
import { CheckpointDelivery } from '../services/checkpoint-delivery.js';
import { FleetBrakes } from '../services/fleet-brakes.js';
import { SharedLook } from '../services/shared-look.js';
import { TopicClassification } from '../services/topic-classification.js';
import { Admission } from './admission.js';

/** How long the database may take to say what it is asked, in milliseconds. */
const patienceMs = 1_000;
/** What the database said is told to whoever asks within this, in milliseconds: nobody has to have a key to ask. */
const keepMs = 1_000;

/** Verdicts that no call was made for. */
const uncalled: readonly VerdictOutcome[] = ['BREAKER_OPEN', 'BUSY', 'TOO_LONG', 'WITHHELD'];

/** What the database knows of all processes. */
interface StoredNumbers {
  /** Tenants whose brake is engaged; `undefined` while the database does not answer. */
  readonly engaged: number | undefined;
  readonly backlog: Awaited<ReturnType<CheckpointDelivery['backlog']>>;
}

/** What the process tells Prometheus. The values of labels are the program's own: nothing in them is a tenant's or a caller's. */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  private readonly duration = new Histogram({
    name: 'chimera_http_request_duration_seconds',
    help: 'Time from the request to the end of its answer, long polls included.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30],
    registers: [this.registry],
  });

  private readonly brakes = new Gauge({
    name: 'chimera_fleet_brakes_engaged',
    help: 'Tenants whose silent agents keep their leases, because too many fell silent at once.',
    registers: [this.registry],
  });

  private readonly refused = new Counter({
    name: 'chimera_requests_refused_total',
    help: 'Requests that were turned away because more had come than could be answered in good time.',
    registers: [this.registry],
  });

  private readonly admitted = new Gauge({
    name: 'chimera_admission_limit',
    help: 'Requests in hand at once beyond which the next is turned away: of any class, and of new work.',
    labelNames: ['requests'],
    registers: [this.registry],
  });

  private readonly undelivered = new Gauge({
    name: 'chimera_checkpoints_undelivered',
    help: 'Checkpoints of the audit record that a sink outside has not got yet.',
    labelNames: ['sink'],
    registers: [this.registry],
  });

  private readonly deliveryFailures = new Counter({
    name: 'chimera_checkpoint_delivery_failures_total',
    help: 'Deliveries of checkpoints that a sink has not taken.',
    labelNames: ['sink'],
    registers: [this.registry],
  });

  private readonly stored = new SharedLook(() => this.look(), keepMs);

  constructor(
    private readonly fleetBrakes: FleetBrakes,
    private readonly admission: Admission,
    private readonly delivery: CheckpointDelivery,
    @Optional() classification?: TopicClassification,
  ) {
    collectDefaultMetrics({ register: this.registry });
    if (classification) this.watch(classification);
  }

  /** `seconds` is the request's duration. */
  observe(method: string, route: string, status: number, seconds: number): void {
    this.duration.observe({ method, route, status }, seconds);
  }

  /** Without what the database knows while it does not answer. */
  async exposition(): Promise<string> {
    const { engaged, backlog } = await this.stored.get();
    this.undelivered.reset();
    for (const { sink, undelivered } of backlog) this.undelivered.set({ sink }, undelivered);
    this.deliveryFailures.reset();
    for (const { sink, failures } of this.delivery.failed()) this.deliveryFailures.inc({ sink }, failures);
    if (engaged === undefined) this.brakes.remove();
    else this.brakes.set(engaged);
    this.refused.reset();
    this.refused.inc(this.admission.refused);
    this.admitted.set({ requests: 'all' }, this.admission.currentLimit);
    this.admitted.set({ requests: 'new_work' }, this.admission.currentNewWorkLimit);
    return this.registry.metrics();
  }

  private async look(): Promise<StoredNumbers> {
    const unknown = delay(patienceMs, undefined, { ref: false });
    const [engaged, backlog = []] = await Promise.all([
      Promise.race([this.fleetBrakes.all(), unknown]).catch(() => undefined),
      Promise.race([this.delivery.backlog(), unknown]).catch(() => undefined),
    ]);
    return { engaged: engaged?.length, backlog };
  }

  private watch(classification: TopicClassification): void {
    const registers = [this.registry];
    const verdicts = new Counter({
      name: 'chimera_topic_classifier_verdicts_total',
      help: 'Results that the external topic classifier was to judge, by what came of it.',
      labelNames: ['outcome'],
      registers,
    });
    const calls = new Histogram({
      name: 'chimera_topic_classifier_call_duration_seconds',
      help: 'How long results waited for the external topic classifier when it was called.',
      buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10],
      registers,
    });
    new Gauge({
      name: 'chimera_topic_classifier_breaker',
      help: '1 for the state that the circuit breaker is in, 0 for the others.',
      labelNames: ['state'],
      registers,
      collect() {
        for (const state of breakerStates) this.set({ state }, Number(state === classification.breaker));
      },
    });
    for (const outcome of verdictOutcomes) verdicts.inc({ outcome }, 0);
    classification.onVerdict(({ outcome, latencyMs }: TopicVerdict) => {
      verdicts.inc({ outcome });
      if (!uncalled.includes(outcome)) calls.observe(latencyMs / 1000);
    });
  }
}
