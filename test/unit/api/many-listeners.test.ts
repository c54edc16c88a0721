import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { ManyListeners, sharesPorts } from '../../../src/api/many-listeners.js';

const host = '127.0.0.1';

describe('a server with many listeners', () => {
  let server: ManyListeners;
  let sockets: Socket[];
  let answer: (() => void)[];

  const listen = async (most = 1_000) => {
    server = new ManyListeners({ keepAliveTimeout: 60_000 }, most, (_request, response) => {
      answer.push(() => response.end('done'));
    });
    await once(server.listen({ port: 0, host, reusePort: sharesPorts }), 'listening');
    await turn();
  };
  const portOf = () => (server.address() as AddressInfo).port;
  const open = () => {
    const socket = connect(portOf(), host).on('error', () => undefined);
    sockets.push(socket);
    return socket;
  };
  const ask = async (socket: Socket) => {
    const answered = once(socket.setEncoding('utf8'), 'data');
    const asked = once(server, 'request');
    socket.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n');
    await asked;
    answer.pop()?.();
    return String((await answered)[0]);
  };
  const closed = () => new Promise<void>((resolve) => server.close(() => resolve()));

  beforeEach(() => {
    sockets = [];
    answer = [];
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await closed();
  });

  it('takes many connections in one turn of the event loop', async () => {
    await listen();
    const turns: number[] = [];
    const taken: Socket[] = [];
    server.on('connection', (socket) => taken.push(socket));
    for (let count = 0; count < 64; count += 1) open();
    while (taken.length < 64) {
      const before = taken.length;
      await turn();
      turns.push(taken.length - before);
    }
    expect(Math.max(...turns)).toBeGreaterThanOrEqual(sharesPorts ? 5 : 1);
  });

  it('answers on each of them, and keeps the connection', async () => {
    await listen();
    for (let count = 0; count < 40; count += 1) {
      const socket = open();
      expect(await ask(socket)).toMatch(/^HTTP\/1.1 200 OK[^]*\r\n\r\ndone$/);
      expect(await ask(socket)).toMatch(/200 OK/);
    }
  });

  it('closes at once what comes beyond the most that it holds, and takes more when one has gone', async () => {
    await listen(2);
    const held: Socket[] = [];
    server.on('connection', (socket) => held.push(socket));
    for (const socket of [open(), open()]) await once(socket, 'connect');
    await once(open(), 'close');
    const gone = Promise.race(held.slice(0, 2).map((socket) => once(socket, 'close')));
    sockets[0]?.destroy();
    await gone;
    expect(await ask(open())).toMatch(/200 OK/);
  });

  it('is closed when what is in hand on all of them is answered, and takes nothing more', async () => {
    await listen();
    for (let count = 0; count < 32; count += 1) {
      const socket = open();
      const asked = once(server, 'request');
      socket.resume().write('GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n');
      await asked;
    }
    const port = portOf();
    let over = false;
    const end = closed().then(() => (over = true));
    const late = connect(port, host);
    const [refusal] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    expect(refusal.code).toBe('ECONNREFUSED');
    for (const one of answer.slice(1)) one();
    await Promise.all(sockets.slice(1).map((socket) => once(socket, 'close')));
    expect(over).toBe(false);
    answer[0]?.();
    await end;
  });
});
