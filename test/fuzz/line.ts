import { connect, type Socket } from 'node:net';
import { answerIn, type WireAnswer } from '../support/wire.js';

/** An answer, and how long it took: from the first byte of the request to its own last, in milliseconds. */
export interface TimedAnswer extends WireAnswer {
  readonly ms: number;
}

/** The connection ended, or the time was over, before there was an answer. */
export class NoAnswer extends Error {}

/** One connection, on which anything can be sent. */
export class Line {
  #socket: Socket | undefined;
  #hear: () => void = () => undefined;
  #received = Buffer.alloc(0);
  #closed = true;

  constructor(private readonly port: number) {}

  /** Whether it has taken a request before, and takes another. */
  get isOpen(): boolean {
    return !this.#closed;
  }

  /** Whether anything has come since the last request was written. */
  get hasHeard(): boolean {
    return this.#received.length > 0;
  }

  /**
   * Writes the bytes and reads one answer. A stream of events is left once it has begun.
   * @param isHead Whether the answer has no body, whatever it says.
   * @throws NoAnswer
   */
  async ask(bytes: Buffer, isHead: boolean, boundMs: number): Promise<TimedAnswer> {
    const socket = this.#open();
    this.#received = Buffer.alloc(0);
    const begun = performance.now();
    socket.write(bytes);
    for (;;) {
      const answer = answerIn(this.#received, isHead, this.#closed);
      if (answer) {
        if (!answer.open) this.close();
        return { ...answer, ms: performance.now() - begun };
      }
      if (this.#closed) throw new NoAnswer(`The connection was closed after ${this.#received.length} bytes.`);
      const left = boundMs - (performance.now() - begun);
      if (left <= 0 || !(await this.#heard(left))) {
        this.close();
        throw new NoAnswer(`There was no answer within ${boundMs} ms.`);
      }
    }
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#closed = true;
  }

  #open(): Socket {
    if (this.#socket && !this.#closed) return this.#socket;
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    this.#closed = false;
    const isCurrent = () => this.#socket === socket;
    socket.on('data', (chunk: Buffer) => {
      if (!isCurrent()) return;
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#hear();
    });
    // What has come before the end is an answer all the same.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (!isCurrent()) return;
      this.#closed = true;
      this.#hear();
    });
    return socket;
  }

  /** Whether anything has come in time. */
  #heard(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        resolve(false);
      }, ms);
      this.#hear = () => {
        clearTimeout(late);
        resolve(true);
      };
    });
  }
}
