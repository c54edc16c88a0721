import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Launch } from './contender.js';
import type { Delivery, Order, Workloads } from './generator.js';

/** What a workload answered, and how much of one core the client's process used meanwhile (1 is all of it). */
export interface Delivered<T> {
  readonly result: T;
  readonly cpu: number;
}

/** How Node runs the bench's own TypeScript. */
export const typescriptArguments: readonly string[] = [
  '--import',
  new URL('../support/typescript.mjs', import.meta.url).href,
];

/** Starts a process for the load, which ends with the launch. */
export function startClient(launch: Launch): ClientProcess {
  const client = new ClientProcess();
  launch.atEnd(() => client.end());
  return client;
}

/** The load's own process: what it does does not slow down what it measures, but for the processor's time. */
export class ClientProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (delivery: Delivery) => void>();
  #orders = 0;

  constructor() {
    const script = fileURLToPath(new URL('generator.ts', import.meta.url));
    this.#child = fork(script, [], { execArgv: [...typescriptArguments], serialization: 'advanced' });
    this.#child.on('message', (delivery: Delivery) => {
      this.#waiting.get(delivery.id)?.(delivery);
      this.#waiting.delete(delivery.id);
    });
    this.#child.once('exit', (code) => {
      for (const [id, settle] of this.#waiting)
        settle({ id, fault: `The client ended with ${String(code)}.` });
    });
  }

  /** Runs a workload there. Rejects with what it threw. */
  async run<K extends keyof Workloads>(
    workload: K,
    parameters: Parameters<Workloads[K]>[0],
  ): Promise<Delivered<Awaited<ReturnType<Workloads[K]>>>> {
    const id = (this.#orders += 1);
    const delivery = await new Promise<Delivery>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, workload, parameters } satisfies Order);
    });
    if ('fault' in delivery) throw new Error(`${workload}: ${delivery.fault}`);
    return { result: delivery.result as Awaited<ReturnType<Workloads[K]>>, cpu: delivery.cpu };
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}
