import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { SignedCheckpoint } from '../../src/models/checkpoint.js';

/** A real HTTP server on a free port of this machine. */
export interface HttpReceiver {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** One that takes what is sent to webhooks for checkpoints. */
export interface WebhookReceiver extends HttpReceiver {
  /** `status` is what the next request is answered with; a checkpoint counts as taken when that is below 300. */
  readonly state: { status: number; requests: number; authorization: string };
  /** Every checkpoint that was taken, in the order in which they came. */
  got(): readonly SignedCheckpoint[];
}

export async function startReceiver(handle: RequestListener): Promise<HttpReceiver> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The system gave no TCP port.');
  return {
    port: address.port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export async function startWebhookReceiver(status = 204): Promise<WebhookReceiver> {
  const taken: SignedCheckpoint[] = [];
  const state = { status, requests: 0, authorization: '' };
  const receiver = await startReceiver((request, response) => {
    state.requests += 1;
    state.authorization = request.headers.authorization ?? '';
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      if (state.status < 300)
        taken.push(...(JSON.parse(body) as { checkpoints: readonly SignedCheckpoint[] }).checkpoints);
      response.writeHead(state.status, { location: '/elsewhere' }).end('x'.repeat(100));
    });
  });
  return { ...receiver, state, got: () => taken };
}
