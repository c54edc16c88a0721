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
  /** Lets connections and answers through again. */
  mend(): Promise<void>;
  /** Breaks what is connected, and ends the link. */
  close(): Promise<void>;
}

/** Opens a link to the server at the URL on 127.0.0.1. */
export async function openLink(target: string): Promise<Link> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const answers = new Set<Socket>();
  let hangsUp = false;
  let silent = false;
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
    far.on('data', (chunk) => near.write(chunk));
    if (silent) far.pause();
  });
  const listen = async (on: number) => {
    server.listen(on, '127.0.0.1');
    await once(server, 'listening');
  };
  const mend = async (on: number) => {
    hangsUp = false;
    silent = false;
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
    mend: () => mend(address.port),
    close: cut,
  };
}
