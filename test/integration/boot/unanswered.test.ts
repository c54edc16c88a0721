import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { killProcesses, startProcess } from '../../support/server-process.js';

/** Who starts a service is not kept waiting for an answer any longer, in milliseconds. */
const patienceMs = 10_000;

describe('a start with a store that is no store', () => {
  let listener: Server;
  let place: string;
  const sockets = new Set<Socket>();
  let answer: string | undefined;
  let asked: number[];

  beforeEach(async () => {
    listener = createServer((socket) => {
      asked.push(performance.now());
      sockets.add(socket.on('error', () => undefined));
      if (answer !== undefined) socket.end(answer);
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address();
    place = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    listener.close();
    await killProcesses();
  });

  /** The one sentence that is said before the process ends with 1. */
  async function faultOf(settings: Readonly<Record<string, string>>): Promise<string> {
    asked = [];
    const server = await startProcess({ LOG_LEVEL: 'fatal', ...settings });
    expect(await server.ended).toEqual({ code: 1, signal: null });
    expect(performance.now() - (asked[0] ?? Infinity)).toBeLessThan(patienceMs);
    expect(server.stderr()).toMatch(/^[^\n]+\n$/);
    expect(server.stderr()).not.toMatch(/ {4}at |node:internal|canary/);
    return server.stderr().trim();
  }

  it('names DATABASE_URL when nobody answers there', async () => {
    answer = undefined;
    const fault = await faultOf({ DATABASE_URL: `postgres://user:canary@${place}/chimera` });
    expect(fault).toMatch(new RegExp(`^DATABASE_URL: the database at ${place}/chimera cannot be used`));
  });

  it('names REDIS_URL when nobody answers there', async () => {
    answer = undefined;
    const fault = await faultOf({
      REDIS_URL: `redis://:canary@${place}`,
      DATABASE_URL: `postgres://${place}/a`,
    });
    expect(fault).toMatch(new RegExp(`^REDIS_URL: Redis at ${place} cannot be used`));
  });

  it('names DATABASE_URL when it is no PostgreSQL that answers', async () => {
    answer = 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n';
    const fault = await faultOf({ DATABASE_URL: `postgres://user:canary@${place}/chimera` });
    expect(fault).toMatch(new RegExp(`^DATABASE_URL: the database at ${place}/chimera cannot be used`));
  });

  it('names REDIS_URL when it is no Redis that answers', async () => {
    answer = 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n';
    const fault = await faultOf({
      REDIS_URL: `redis://:canary@${place}`,
      DATABASE_URL: `postgres://${place}/a`,
    });
    expect(fault).toMatch(new RegExp(`^REDIS_URL: Redis at ${place} cannot be used`));
  });

  it('names HOST when there is no such host', async () => {
    const fault = await faultOf({ HOST: 'nowhere.invalid', DATABASE_URL: `postgres://${place}/a` });
    expect(fault).toBe('HOST nowhere.invalid is no address of this machine: set HOST to one that is.');
  });
});
