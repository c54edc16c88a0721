import { Client } from 'undici';

/** A request that is ready to be sent as often as wanted. */
export interface PreparedRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One kept-alive HTTP connection that carries one request at a time. */
export class Connection {
  readonly #client: Client;

  constructor(origin: string) {
    this.#client = new Client(origin, {
      pipelining: 1,
      keepAliveTimeout: 120_000,
      keepAliveMaxTimeout: 120_000,
      headersTimeout: 60_000,
      bodyTimeout: 60_000,
      connect: { timeout: 30_000 },
    });
  }

  /** Resolves once the answer has come in whole, whatever it says; rejects when the connection breaks. */
  send({ method, path, headers, body }: PreparedRequest): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    let status = 0;
    let received: Buffer | undefined;
    this.#client.dispatch(
      { method, path, headers, body },
      {
        onRequestStart() {
          // undici demands one.
        },
        onResponseStart(_controller, statusCode) {
          status = statusCode;
        },
        onResponseData(_controller, chunk) {
          received = received === undefined ? chunk : Buffer.concat([received, chunk]);
        },
        onResponseEnd() {
          resolve({ status, text: received?.toString('utf8') ?? '' });
        },
        onResponseError(_controller, error) {
          reject(error);
        },
      },
    );
    return promise;
  }

  async close(): Promise<void> {
    await this.#client.destroy();
  }
}

/** Opens that many connections, uses them and closes them. */
export async function withConnections<T>(
  origin: string,
  count: number,
  use: (connections: readonly Connection[]) => Promise<T>,
): Promise<T> {
  const connections = Array.from({ length: count }, () => new Connection(origin));
  try {
    return await use(connections);
  } finally {
    await Promise.all(connections.map((connection) => connection.close()));
  }
}

/** The answer's JSON. Throws an Error when the status is not the expected one. */
export function read(answer: Answer, status: number): unknown {
  if (answer.status !== status) {
    throw new Error(
      `A request was answered ${answer.status} and not ${status}: ${answer.text.slice(0, 500)}`,
    );
  }
  return JSON.parse(answer.text);
}
