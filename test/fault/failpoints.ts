import type { DynamicModule, FactoryProvider, Provider } from '@nestjs/common';
import type { SlicedWork } from '../../src/models/sliced-work.js';
import { LedgerPort, type LedgerView, type LongWork, type Work } from '../../src/ports/ledger.js';
import { type Deadline, type DeadlineKey, ReviewQueuePort } from '../../src/ports/review-queue.js';
import { type TakenTicket, TaskQueuePort, type Ticket } from '../../src/ports/task-queue.js';
import { type Failpoint, failpoints, failpointVariable } from './failpoint-names.js';

/** Told of each failpoint that the process comes by. */
export type Passing = (point: Failpoint) => void;

/**
 * Ends the process, as a power cut does, when it comes by the failpoint that the environment names.
 * @throws Error for a name or a number that there is not, and outside of tests
 */
export function armed(environment: NodeJS.ProcessEnv): Passing {
  const text = environment[failpointVariable];
  if (text === undefined) return () => undefined;
  if (environment['NODE_ENV'] !== 'test')
    throw new Error(`${failpointVariable} is for tests alone: NODE_ENV must be "test".`);
  const [name, count = '1'] = text.split(':');
  if (!failpoints.some((one) => one === name) || !/^[1-9]\d{0,5}$/.test(count))
    throw new Error(`${failpointVariable} must be one of ${failpoints.join(', ')}, or that and ":n".`);
  let left = Number(count);
  return (point) => {
    if (point !== name) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  };
}

/** The application with failpoints around the ports whose adapters it binds. */
export function withFailpoints(application: DynamicModule, passing: Passing): DynamicModule {
  const around = (provider: Provider): Provider[] => {
    if (!isFactory(provider)) return [provider];
    switch (provider.provide) {
      case LedgerPort:
        return wrapped(provider, LedgerPort, (inner) => new LedgerAtFailpoints(inner, passing));
      case TaskQueuePort:
        return wrapped(provider, TaskQueuePort, (inner) => new TaskQueueAtFailpoints(inner, passing));
      case ReviewQueuePort:
        return wrapped(provider, ReviewQueuePort, (inner) => new ReviewQueueAtFailpoints(inner, passing));
      default:
        return [provider];
    }
  };
  const imports = (application.imports ?? []).map((one) =>
    'module' in one && one.providers ? { ...one, providers: one.providers.flatMap(around) } : one,
  );
  return { ...application, imports };
}

function isFactory(provider: Provider): provider is FactoryProvider {
  return 'useFactory' in provider;
}

/** The adapter stays a provider of its own, so that it is started and stopped as ever. */
function wrapped<P extends object>(
  adapter: FactoryProvider,
  port: abstract new () => P,
  around: (inner: P) => P,
): Provider[] {
  const inner = Symbol(`${port.name} without failpoints`);
  return [
    { ...adapter, provide: inner },
    { provide: port, inject: [inner], useFactory: around },
  ];
}

/** The flow that a unit of work belongs to, by what it wants to see. */
function flowOf({ addsWork, needs }: Work<unknown>): 'submit' | 'claim' | 'result' | 'decision' | undefined {
  if (addsWork === true || needs.idempotencyKeys) return 'submit';
  if (needs.holders) return 'claim';
  if (needs.leaseTokens) return 'result';
  return needs.reviews && needs.tasks ? 'decision' : undefined;
}

class LedgerAtFailpoints extends LedgerPort {
  constructor(
    private readonly inner: LedgerPort,
    private readonly passing: Passing,
  ) {
    super();
  }

  async transact<R>(work: Work<R>): Promise<R> {
    const flow = flowOf(work);
    if (!flow) return this.inner.transact(work);
    const decide = (view: LedgerView): R => {
      const answer = work.decide(view);
      this.passing(`${flow}.before-commit`);
      return answer;
    };
    const answer = await this.inner.transact({ ...work, decide });
    this.passing(`${flow}.after-commit`);
    return answer;
  }

  /** Batches of submissions alone take long. */
  async transactLong<R>(work: LongWork<R>): Promise<R> {
    const { passing } = this;
    function* decide(view: LedgerView): SlicedWork<R> {
      const answer = yield* work.decide(view);
      passing('submit.before-commit');
      return answer;
    }
    const answer = await this.inner.transactLong({ ...work, decide });
    passing('submit.after-commit');
    return answer;
  }

  createTenant(...args: Parameters<LedgerPort['createTenant']>): ReturnType<LedgerPort['createTenant']> {
    return this.inner.createTenant(...args);
  }
}

class TaskQueueAtFailpoints extends TaskQueuePort {
  constructor(
    private readonly inner: TaskQueuePort,
    private readonly passing: Passing,
  ) {
    super();
  }

  async add(tickets: readonly Ticket[]): Promise<void> {
    this.passing('ticket.before-add');
    await this.inner.add(tickets);
    this.passing('ticket.after-add');
  }

  async take(tenantId: string, kinds: readonly string[], max: number): Promise<readonly TakenTicket[]> {
    const taken = await this.inner.take(tenantId, kinds, max);
    if (taken.length > 0) this.passing('claim.after-take');
    return taken;
  }

  recover(tenantId: string, kind: string): Promise<void> {
    return this.inner.recover(tenantId, kind);
  }

  size(tenantId: string, kind: string): Promise<number> {
    return this.inner.size(tenantId, kind);
  }
}

class ReviewQueueAtFailpoints extends ReviewQueuePort {
  constructor(
    private readonly inner: ReviewQueuePort,
    private readonly passing: Passing,
  ) {
    super();
  }

  async schedule(deadline: Deadline): Promise<void> {
    this.passing('deadline.before-schedule');
    await this.inner.schedule(deadline);
    this.passing('deadline.after-schedule');
  }

  cancel(deadline: DeadlineKey): Promise<void> {
    return this.inner.cancel(deadline);
  }

  onDue(handler: Parameters<ReviewQueuePort['onDue']>[0]): void {
    this.inner.onDue(handler);
  }
}
