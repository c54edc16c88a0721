import { Injectable, Optional } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { setTimeout as delay } from 'node:timers/promises';
import {
  breakerStates,
  type TopicVerdict,
  verdictOutcomes,
  type VerdictOutcome,
} from '../models/topic-verdict.js';
import { FleetBrakes } from '../services/fleet-brakes.js';
import { TopicClassification } from '../services/topic-classification.js';
import { Admission } from './admission.js';

/** How long the database may take to say how many brakes are engaged, in milliseconds. */
const patienceMs = 1_000;

/** Verdicts that no call was made for. */
const uncalled: readonly VerdictOutcome[] = ['BREAKER_OPEN', 'BUSY', 'TOO_LONG', 'WITHHELD'];

/** What the process tells Prometheus. Labels are routes and statuses alone: nothing of a tenant's. */
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

  constructor(
    private readonly fleetBrakes: FleetBrakes,
    private readonly admission: Admission,
    @Optional() classification?: TopicClassification,
  ) {
    collectDefaultMetrics({ register: this.registry });
    if (classification) this.watch(classification);
  }

  /** `seconds` is the request's duration. */
  observe(method: string, route: string, status: number, seconds: number): void {
    this.duration.observe({ method, route, status }, seconds);
  }

  /** Without the number of brakes while the database does not answer. */
  async exposition(): Promise<string> {
    const unknown = delay(patienceMs, undefined, { ref: false });
    const engaged = await Promise.race([this.fleetBrakes.all(), unknown]).catch(() => undefined);
    if (engaged === undefined) this.brakes.remove();
    else this.brakes.set(engaged.length);
    this.refused.reset();
    this.refused.inc(this.admission.refused);
    return this.registry.metrics();
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
