import { SignalHub } from '../../../src/lib/signal-hub.js';

/** Signals of processes that share a list of messages instead of a network. */
export class LocalSignals extends SignalHub {
  readonly sent: string[] = [];

  protected override send(messages: readonly string[]): Promise<void> {
    this.sent.push(...messages);
    return Promise.resolve();
  }

  deliver(message: string): void {
    this.receive(message);
  }

  reconnect(): void {
    this.resync();
  }
}
