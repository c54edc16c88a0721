import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server that a test can cut, as a network does. */
export interface Link {
  /** The server's URL by way of the link. */
  readonly url: string;
  /** Breaks what is connected, and refuses what comes. */
  cut(): Promise<void>;
  /** From now on takes what comes and hangs up at once, as a server that is starting may do. */
  hangUp(): void;
  /** From now on nothing comes back, and nothing is broken. */
  silence(): void;
  /** From now on each answer takes this much longer, in milliseconds. */
  slow(ms: number): void;
  /**
   * From now on an answer that has these bytes in it is lost, and its connection with it; without bytes, any answer.
   * What was asked has been done by then.
   */
  loseAnswers(having?: string): void;
  /** From now on leads to the server at this URL; what is connected stays where it is. */
  aim(target: string): void;
  /** Lets connections and answers through again, at once. */
  mend(): Promise<void>;
  /** Breaks what is connected, and ends the link. */
  close(): Promise<void>;
}

/** Opens a link to the server at the URL on 127.0.0.1. */
export async function openLink(target: string): Promise<Link> {
  let { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const answers = new Set<Socket>();
  let hangsUp = false;
  let silent = false;
  let slowness = 0;
  let lost: string | undefined;
  const server = createServer((near) => {
    if (hangsUp) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    answers.add(far);
    far.once('close', () => answers.delete(far));
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => {
        near.destroy();
        far.destroy();
        sockets.delete(socket);
      });
    }
    near.pipe(far);
    const late = latePost(near);
    far.on('data', (chunk: Buffer) => {
      if (lost !== undefined && chunk.includes(lost)) far.destroy();
      else late.send(chunk, slowness);
    });
    if (silent) far.pause();
  });
  const listen = async (on: number) => {
    server.listen(on, '127.0.0.1');
    await once(server, 'listening');
  };
  const mend = async (on: number) => {
    hangsUp = false;
    silent = false;
    slowness = 0;
    lost = undefined;
    for (const far of answers) far.resume();
    if (!server.listening) await listen(on);
  };
  const cut = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await listen(0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The system gave no TCP port.');
  const url = new URL(target);
  url.host = `127.0.0.1:${address.port}`;
  return {
    url: url.href,
    cut,
    hangUp() {
      hangsUp = true;
    },
    silence() {
      silent = true;
      for (const far of answers) far.pause();
    },
    slow(ms) {
      slowness = ms;
    },
    loseAnswers(having = '') {
      lost = having;
    },
    aim(next) {
      ({ hostname, port } = new URL(next));
    },
    mend: () => mend(address.port),
    close: cut,
  };
}

/** Writes to the socket late, and in the order of the calls, however late each was to be. */
function latePost(near: Socket): { send(chunk: Buffer, delayMs: number): void } {
  const waiting: { readonly chunk: Buffer; readonly at: number }[] = [];
  const deliver = () => {
    for (let [next] = waiting; next; [next] = waiting) {
      const wait = next.at - performance.now();
      if (wait > 0) {
        setTimeout(deliver, wait);
        return;
      }
      waiting.shift();
      near.write(next.chunk);
    }
  };
  return {
    send(chunk, delayMs) {
      waiting.push({ chunk, at: performance.now() + delayMs });
      if (waiting.length === 1) deliver();
    },
  };
}
