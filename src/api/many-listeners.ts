import { type RequestListener, Server, type ServerOptions } from 'node:http';
import { createServer, type Server as NetServer } from 'node:net';

/**
 * Whether several sockets of one process can listen on one port here, as Node documents of `reusePort` (`SO_REUSEPORT`); they must
 * all ask for it.
 */
export const sharesPorts = process.platform === 'linux';

/** Listeners on one port. So many connections are taken in a turn of the event loop at most. */
const listeners = 16;

/**
 * Connections that wait at each listener to be taken; the system may allow fewer. When a network comes back all agents connect at
 * once, and each that finds no room waits for TCP's retransmission: 1 s, then 3, then 7 (RFC 6298).
 */
export const backlog = 8_192;

/**
 * An HTTP server that takes connections at several listeners. Each takes one in a turn of the event loop (libuv, since 1.45): with
 * a single one a thousand agents that come back to a busy process would wait for a thousand turns.
 */
export class ManyListeners extends Server {
  private readonly others: NetServer[] = [];
  private open = 0;

  /** @param most Connections that are held open at once; the next is closed. */
  constructor(options: ServerOptions, most: number, handle: RequestListener) {
    super(options, handle);
    this.on('connection', (socket) => {
      this.open += 1;
      socket.once('close', () => (this.open -= 1));
      if (this.open > most) socket.destroy();
    });
    if (sharesPorts) this.on('listening', () => this.listenMore());
  }

  /** Tells when the connections of all listeners are closed. */
  override close(callback?: (error?: Error) => void): this {
    const closed = this.others.splice(0).map(
      (other) =>
        new Promise<void>((resolve) => {
          other.close(() => resolve());
        }),
    );
    return super.close((error) => void Promise.all(closed).then(() => callback?.(error)));
  }

  private listenMore(): void {
    const address = this.address();
    if (typeof address !== 'object' || address === null) return;
    const place = { port: address.port, host: address.address, backlog, reusePort: true };
    for (let count = 1; count < listeners; count += 1) {
      // As Node opens the connections of an HTTP server.
      const other = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
        this.emit('connection', socket),
      );
      other.on('error', (error) => this.emit('error', error));
      this.others.push(other.listen(place));
    }
  }
}
