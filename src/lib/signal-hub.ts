import { randomUUID } from 'node:crypto';
import { type Signal, SignalPort } from '../ports/signals.js';

type Listener = Parameters<SignalPort['subscribe']>[0];

/** How many signals travel in one message: below the 8,000 bytes that PostgreSQL's NOTIFY carries. */
const signalsPerMessage = 30;

/**
 * What every carrier of signals shares: listeners of this process are told at once, other processes by messages in which
 * the signals of one turn of the event loop travel together.
 */
export abstract class SignalHub extends SignalPort {
  private readonly listeners = new Set<Listener>();
  private readonly origin = randomUUID();
  private outbox: Signal[] = [];
  private flushing = false;

  publish(signals: readonly Signal[]): void {
    if (signals.length === 0) return;
    this.outbox.push(...signals);
    if (!this.flushing) setImmediate(() => void this.flush());
    this.flushing = true;
    for (const signal of signals) this.tell(signal);
  }

  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Carries messages to the other processes. Must not reject. */
  protected abstract send(messages: readonly string[]): Promise<void>;

  /** A message from a process, perhaps this one. */
  protected receive(message: string): void {
    const parsed = parseMessage(message);
    if (!parsed || parsed.origin === this.origin) return;
    for (const signal of parsed.signals) this.tell(signal);
  }

  /** To be called when messages may have been missed. */
  protected resync(): void {
    for (const listener of this.listeners) listener.onResync();
  }

  private tell(signal: Signal): void {
    for (const listener of this.listeners) listener.onSignal(signal);
  }

  /** One sending at a time: what comes meanwhile travels with the next. */
  private async flush(): Promise<void> {
    while (this.outbox.length > 0) {
      const signals = merge(this.outbox);
      this.outbox = [];
      await this.send(messagesOf(this.origin, signals));
    }
    this.flushing = false;
  }
}

function messagesOf(origin: string, signals: readonly Signal[]): readonly string[] {
  const messages: string[] = [];
  for (let start = 0; start < signals.length; start += signalsPerMessage) {
    messages.push(JSON.stringify({ origin, signals: signals.slice(start, start + signalsPerMessage) }));
  }
  return messages;
}

/** One signal for what several said: readiness adds up. */
function merge(signals: readonly Signal[]): readonly Signal[] {
  const merged = new Map<string, Signal>();
  for (const signal of signals) {
    const { count, ...subject } = { count: 0, ...signal };
    const key = JSON.stringify(subject);
    const before = merged.get(key);
    const total = before?.topic === 'ready' ? before.count + count : count;
    merged.set(key, signal.topic === 'ready' ? { ...signal, count: total } : signal);
  }
  return [...merged.values()];
}

interface Message {
  readonly origin: string;
  readonly signals: readonly Signal[];
}

/** `undefined` for what is no message of ours: anybody who reaches the store can send to its channels. */
function parseMessage(message: string): Message | undefined {
  try {
    const parsed = JSON.parse(message) as Partial<Message> | null;
    const { origin, signals } = parsed ?? {};
    if (typeof origin !== 'string' || !Array.isArray(signals)) return undefined;
    return { origin, signals: signals.filter(isSignal) };
  } catch {
    return undefined;
  }
}

function isSignal(value: unknown): value is Signal {
  const { topic, tenantId, kind, count, taskId } = Object(value) as Readonly<Record<string, unknown>>;
  switch (topic) {
    case 'ready':
      return typeof tenantId === 'string' && typeof kind === 'string' && typeof count === 'number';
    case 'feed':
      return typeof tenantId === 'string';
    case 'final':
      return typeof taskId === 'string';
    default:
      return false;
  }
}
