import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Answer, type AnswerBody, Client } from './client.js';

/** A client that keeps its connections, for many requests at little cost. */
export class SteadyClient extends Client {
  private readonly connections: Agent;

  constructor(url: string, key: string, maxConnections: number) {
    super(url, key);
    this.connections = new Agent({ keepAlive: true, maxSockets: maxConnections });
  }

  override async raw(
    method: string,
    path: string,
    body = '',
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    request(this.url + path, {
      method,
      agent: this.connections,
      headers: {
        ...{ authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
        ...{ 'content-length': Buffer.byteLength(body), ...headers },
      },
    })
      .once('response', resolve)
      .once('error', reject)
      .end(body);
    const response = await promise;
    const answer = await text(response);
    return {
      status: response.statusCode ?? 0,
      body: JSON.parse(answer === '' ? '{}' : answer) as AnswerBody,
      headers: new Headers(),
    };
  }

  /** Hangs up. */
  close(): void {
    this.connections.destroy();
  }
}
