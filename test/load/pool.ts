import { Connection, type Origins, type Reply } from './connection.js';

/** With more requests at a time than this, they share connections and wait for each other, unless a pool says otherwise. */
const usuallyMost = 500;

/**
 * The clients of one key, as many as it takes: a request goes over a connection that is free, or over a new one, so that
 * a slow answer keeps no other request waiting.
 */
export class Pool {
  private readonly all: Connection[] = [];
  private readonly free: Connection[] = [];
  private turn = 0;

  constructor(
    private readonly origins: Origins,
    private readonly key: string,
    private readonly mostConnections = usuallyMost,
  ) {}

  /** As `Connection.send`. */
  async send(...request: Parameters<Connection['send']>): Promise<Reply> {
    const connection = this.free.pop() ?? this.another();
    try {
      return await connection.send(...request);
    } finally {
      if (connection.busy === 0) this.free.push(connection);
    }
  }

  /** Drops all lines as a broken network does. */
  cut(): void {
    for (const connection of this.all) connection.cut();
  }

  /** Ends them for good. What is in hand fails. */
  async close(): Promise<void> {
    await Promise.all(this.all.map((connection) => connection.close()));
  }

  private another(): Connection {
    const shared = this.all[this.turn++ % this.mostConnections];
    if (this.all.length >= this.mostConnections && shared) return shared;
    const connection = new Connection(this.origins, this.key);
    this.all.push(connection);
    return connection;
  }
}
