import { connect as connectSocket, type Socket } from 'node:net';
import { Client, type Dispatcher } from 'undici';

/** What a request was answered. The body is empty where the caller did not want it. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  /** From `Retry-After`, in milliseconds; `undefined` where the answer has none. */
  readonly retryAfterMs: number | undefined;
}

/** How long a process that refuses connections is passed over, in milliseconds. */
const passedOverMs = 500;

/**
 * The API processes, taken in turn by each new connection: what a round-robin balancer in front of them would do. One that
 * refuses is passed over for a moment, as a balancer does that looks after their health.
 */
export class Origins {
  private next = 0;
  private readonly passedOver = new Map<string, number>();

  constructor(private readonly urls: readonly string[]) {}

  take(): string {
    const now = performance.now();
    const able = this.urls.filter((url) => (this.passedOver.get(url) ?? 0) <= now);
    const candidates = able.length > 0 ? able : this.urls;
    const url = candidates[this.next++ % candidates.length];
    if (url === undefined) throw new Error('There is no API process to connect to.');
    return url;
  }

  /** It did not take a connection. */
  refused(url: string): void {
    this.passedOver.set(url, performance.now() + passedOverMs);
  }
}

/** The connection was closed here, for good. */
export class ConnectionClosed extends Error {}

/** One keep-alive connection of one client, with one request on it at a time. */
export class Connection {
  private client: Client | undefined;
  private socket: Socket | undefined;
  private closing = false;
  private underWay = 0;
  private readonly headers: string[];

  /**
   * @param onLost Called when an open connection ends and nobody here asked for it.
   */
  constructor(
    private readonly origins: Origins,
    key: string,
    private readonly onLost: () => void = () => undefined,
  ) {
    this.headers = ['authorization', `Bearer ${key}`, 'content-type', 'application/json'];
  }

  /** Requests that have not been answered. */
  get busy(): number {
    return this.underWay;
  }

  /**
   * Sends one request and resolves with its answer, whatever the status.
   * @param wantsBody Whether to keep the answer's body.
   * @throws Error of the connection, with a `code`; the next request then opens another one.
   */
  send(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: string,
    wantsBody = true,
    extraHeaders: readonly string[] = [],
  ): Promise<Reply> {
    if (this.closing) return Promise.reject(new ConnectionClosed());
    const client = (this.client ??= this.open());
    this.underWay += 1;
    const answer = new Promise<Reply>((resolve, reject) => {
      const headers = extraHeaders.length > 0 ? [...this.headers, ...extraHeaders] : this.headers;
      client.dispatch(
        { method, path, headers, body: body ?? null },
        new Exchange(wantsBody, resolve, (error) => {
          this.forget(client);
          reject(error);
        }),
      );
    });
    return answer.finally(() => {
      this.underWay -= 1;
    });
  }

  /** Drops the line as a broken network does: the peer gets a reset, and nobody says goodbye. */
  cut(): void {
    this.socket?.resetAndDestroy();
  }

  /** Ends it for good. What is in hand fails. */
  async close(): Promise<void> {
    this.closing = true;
    await this.client?.destroy();
  }

  private forget(client: Client): void {
    if (this.client !== client) return;
    this.client = undefined;
    void client.destroy().catch(() => undefined);
  }

  private open(): Client {
    const origin = this.origins.take();
    const { hostname, port } = new URL(origin);
    const client: Client = new Client(origin, {
      pipelining: 1,
      keepAliveTimeout: 600_000,
      keepAliveMaxTimeout: 600_000,
      headersTimeout: 120_000,
      bodyTimeout: 120_000,
      connect: (_options, callback) => {
        const socket = connectSocket({ host: hostname, port: Number(port), noDelay: true });
        const refused = (error: Error) => {
          this.origins.refused(origin);
          callback(error, null);
        };
        socket.once('error', refused);
        socket.once('connect', () => {
          socket.off('error', refused);
          this.socket = socket;
          socket.once('close', () => {
            this.lost(client);
          });
          callback(null, socket);
        });
      },
    });
    return client;
  }

  private lost(client: Client): void {
    if (this.closing) return;
    this.forget(client);
    this.onLost();
  }
}

/** One request and its answer, as undici tells of it. */
class Exchange implements Dispatcher.DispatchHandler {
  private status = 0;
  private retryAfterMs: number | undefined;
  private readonly chunks: Buffer[] = [];

  constructor(
    private readonly wantsBody: boolean,
    private readonly resolve: (reply: Reply) => void,
    private readonly reject: (error: Error) => void,
  ) {}

  onRequestStart(): void {
    // Undici asks for it.
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    this.status = statusCode;
    const retryAfter = headers['retry-after'];
    if (typeof retryAfter === 'string') this.retryAfterMs = Number(retryAfter) * 1_000;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.wantsBody) this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first] = this.chunks;
    const body = this.chunks.length === 1 && first ? first : Buffer.concat(this.chunks);
    this.resolve({ status: this.status, body: body.toString('utf8'), retryAfterMs: this.retryAfterMs });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.reject(error);
  }
}

/** What went wrong with a connection, in one word. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : String(error);
}
