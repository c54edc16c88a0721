import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ApiError, ChimeraClient, isRefusal, isTransient, UnreachableError } from '../../../demo/client.js';

type Answer = (request: IncomingMessage, response: ServerResponse, call: number) => void;

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server that gives each call its answer. Calls are counted from one. */
async function aServer(answer: Answer): Promise<{ url: string; calls: () => number }> {
  let calls = 0;
  const server = createServer((request, response) => {
    calls += 1;
    const call = calls;
    request.resume().on('end', () => answer(request, response, call));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, calls: () => calls };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function aClient(url: string, patienceMs = 10_000): ChimeraClient {
  return new ChimeraClient({
    url,
    tenantId: 't_a',
    key: 'the-key',
    patienceMs: () => patienceMs,
    onRetry: () => undefined,
  });
}

describe('the client', () => {
  it('sends its key, the idempotency key and the task, and answers the receipt', async () => {
    let seen: IncomingMessage | undefined;
    const { url } = await aServer((request, response) => {
      seen = request;
      json(response, 202, { taskId: 'x', status: 'QUEUED', traceId: 'y' });
    });
    const receipt = await aClient(url).submit({ kind: 'k', input: {} }, 'once');
    expect(receipt.taskId).toBe('x');
    expect([seen?.method, seen?.url]).toEqual(['POST', '/v1/tenants/t_a/tasks']);
    expect(seen?.headers).toMatchObject({ authorization: 'Bearer the-key', 'idempotency-key': 'once' });
  });

  it('tries again while the server is unavailable or breaks off in mid-answer', async () => {
    const { url, calls } = await aServer((_request, response, call) => {
      if (call === 1) json(response, 503, { code: 'UNAVAILABLE' });
      else if (call === 2) response.destroy();
      else if (call === 3)
        response.writeHead(200, { 'content-length': '100' }).write('{"items":', () => response.destroy());
      else json(response, 200, { items: [] });
    });
    await expect(aClient(url).claim('a', 1, 0)).resolves.toEqual([]);
    expect(calls()).toBe(4);
  });

  it('does not try again what was refused', async () => {
    const { url, calls } = await aServer((_request, response) =>
      json(response, 409, { code: 'LEASE_LOST', detail: 'Gone.' }),
    );
    const refusal = await aClient(url)
      .release('t1', 'a', 'token')
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ApiError);
    expect(refusal).toMatchObject({
      status: 409,
      code: 'LEASE_LOST',
      message: expect.stringContaining('409: Gone.'),
    });
    expect([isRefusal(refusal, 'LEASE_LOST'), isTransient(refusal), calls()]).toEqual([true, false, 1]);
  });

  it('gives up, and says what it met, when its patience is used up', async () => {
    const { url } = await aServer((_request, response) => response.destroy());
    const failure = await aClient(url, 0)
      .stats()
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnreachableError);
    expect(String(failure)).toContain('GET /v1/tenants/t_a/stats got no answer');
  });

  it('stops waiting as soon as it is told to', async () => {
    const { url } = await aServer(() => undefined);
    const leaving = new AbortController();
    const claim = aClient(url).claim('a', 1, 30_000, leaving.signal);
    leaving.abort(new Error('leaving'));
    await expect(claim).rejects.toThrow('leaving');
  });

  it('follows the cursor to the last page', async () => {
    const { url } = await aServer((request, response) => {
      const cursor = new URL(request.url ?? '', 'http://x').searchParams.get('cursor');
      json(response, 200, {
        items: [{ taskId: cursor ?? 'first' }],
        nextCursor: cursor === null ? 'a&b' : null,
      });
    });
    const ids: string[] = [];
    for await (const task of aClient(url).tasksOf('s')) ids.push(task.taskId);
    expect(ids).toEqual(['first', 'a&b']);
  });

  it('takes a tenant that is there already for made', async () => {
    const { url } = await aServer((_request, response) => json(response, 409, { code: 'TENANT_EXISTS' }));
    await expect(aClient(url).createTenant('A')).resolves.toBeUndefined();
  });
});
