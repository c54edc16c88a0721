import { connect, type Socket } from 'node:net';

/** What came back on the wire. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** From the first byte of the request to the last of the answer, in milliseconds. */
  readonly ms: number;
  /** Whether the connection takes another request. */
  readonly open: boolean;
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
  async ask(bytes: Buffer, isHead: boolean, boundMs: number): Promise<WireAnswer> {
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

/** The answer, once all of it is there. */
function answerIn(received: Buffer, isHead: boolean, closed: boolean): Omit<WireAnswer, 'ms'> | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0);
  const rest = received.subarray(end + 4);
  if (status >= 100 && status < 200 && status !== 101) return answerIn(rest, isHead, closed);
  const headers = new Headers(
    lines.map((line): [string, string] => [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  const keeps = headers.get('connection') !== 'close' && !closed;
  const whole = (body: string, open = keeps) => ({ status, headers, body, open });
  if (isHead || status === 204 || status === 304) return whole('');
  if (headers.get('content-type')?.startsWith('text/event-stream') === true) return whole('', false);
  const length = headers.get('content-length');
  if (length !== null)
    return rest.length < Number(length) ? undefined : whole(rest.subarray(0, Number(length)).toString());
  if (headers.get('transfer-encoding') === 'chunked') {
    const body = chunksIn(rest);
    return body === undefined ? undefined : whole(body);
  }
  return closed ? whole(rest.toString(), false) : undefined;
}

function chunksIn(rest: Buffer): string | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const end = rest.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const size = parseInt(rest.subarray(at, end).toString('latin1'), 16);
    if (rest.length < end + 2 + size + 2) return undefined;
    if (size === 0) return Buffer.concat(chunks).toString();
    chunks.push(rest.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
