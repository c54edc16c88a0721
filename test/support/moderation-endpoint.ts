import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { JsonObject } from '../../src/models/json.js';

/** What the endpoint was sent. */
export interface AskedOnce {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: JsonObject;
}

/** What it does with a request. */
export type Behaviour = (asked: AskedOnce, response: ServerResponse) => void | Promise<void>;

/** A real HTTP server that plays a moderation endpoint. */
export interface ModerationEndpoint {
  readonly url: string;
  /** Every request that came, in order. */
  readonly asked: readonly AskedOnce[];
  /** The most requests that were under way at a time. */
  readonly mostAtOnce: number;
  behave(behaviour: Behaviour): void;
  stop(): Promise<void>;
}

/** Answers with these scores, whatever is asked. */
export function scores(given: Readonly<Record<string, unknown>>): Behaviour {
  return answer({ id: 'modr-1', model: 'topics-1', results: [{ flagged: false, category_scores: given }] });
}

export function answer(body: unknown, status = 200, headers: Record<string, string> = {}): Behaviour {
  return (_asked, response) => {
    const sent = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(sent);
  };
}

/** Never answers. */
export const silence: Behaviour = () => undefined;

export async function startModerationEndpoint(behaviour: Behaviour): Promise<ModerationEndpoint> {
  let current = behaviour;
  let [underWay, mostAtOnce] = [0, 0];
  const asked: AskedOnce[] = [];
  const sockets = new Set<Socket>();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    underWay += 1;
    mostAtOnce = Math.max(mostAtOnce, underWay);
    response.once('close', () => (underWay -= 1));
    const one = {
      path: request.url ?? '',
      authorization: request.headers.authorization,
      body: JSON.parse(await text(request)) as JsonObject,
    };
    asked.push(one);
    await current(one, response);
  };
  const server = createServer((request, response) => {
    // Whoever asked may have hung up in the middle.
    take(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    get mostAtOnce() {
      return mostAtOnce;
    },
    behave(next) {
      current = next;
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
