import { type Figures, percentilesOf } from '../statistics.js';
import { type Connection, type PreparedRequest, withConnections } from './connection.js';

export interface ClosedLoop {
  readonly origin: string;
  /** One a connection, which sends it again and again. */
  readonly requests: readonly PreparedRequest[];
  readonly seconds: number;
}

export interface Bursts {
  readonly origin: string;
  /** One a connection. */
  readonly requests: readonly PreparedRequest[];
  readonly bursts: number;
  readonly pauseMs: number;
}

/**
 * Every connection sends its next request as soon as the last is answered. Figures: `perSecond`, percentiles of the
 * answer times in ms, `errors`, and `fewest`, the answers that the slowest client got.
 */
export async function closedLoop({ origin, requests, seconds }: ClosedLoop): Promise<Figures> {
  return withConnections(origin, requests.length, async (connections) => {
    await sendOnce(connections, requests);
    const times: number[] = [];
    let errors = 0;
    const begun = performance.now();
    const end = begun + seconds * 1_000;
    const loop = async (connection: Connection, request: PreparedRequest): Promise<number> => {
      let answered = 0;
      for (let sent = performance.now(); sent < end;) {
        const good = await succeeds(connection, request);
        const now = performance.now();
        if (good) times.push(now - sent);
        else errors += 1;
        answered += 1;
        sent = now;
      }
      return answered;
    };
    const answered = await Promise.all(
      requests.map((request, index) => loop(connectionAt(connections, index), request)),
    );
    const elapsed = performance.now() - begun;
    const perSecond = (times.length * 1_000) / elapsed;
    return { perSecond, ...percentilesOf(times), errors, fewest: Math.min(...answered) };
  });
}

/** All connections send at one instant, several times. Figures: percentiles in ms from that instant, and `errors`. */
export async function bursts({ origin, requests, bursts: count, pauseMs }: Bursts): Promise<Figures> {
  return withConnections(origin, requests.length, async (connections) => {
    await sendOnce(connections, requests);
    const times: number[] = [];
    let errors = 0;
    for (let burst = 0; burst < count; burst += 1) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      const instant = performance.now();
      await Promise.all(
        requests.map(async (request, index) => {
          if (await succeeds(connectionAt(connections, index), request))
            times.push(performance.now() - instant);
          else errors += 1;
        }),
      );
    }
    return { ...percentilesOf(times), errors };
  });
}

/** Connections are made by the first request, which no figure counts. */
async function sendOnce(
  connections: readonly Connection[],
  requests: readonly PreparedRequest[],
): Promise<void> {
  const answers = await Promise.all(
    requests.map((request, index) => connectionAt(connections, index).send(request)),
  );
  const wrong = answers.find(({ status }) => status >= 300);
  if (wrong) throw new Error(`The first request was answered ${wrong.status}: ${wrong.text.slice(0, 500)}`);
}

async function succeeds(connection: Connection, request: PreparedRequest): Promise<boolean> {
  try {
    return (await connection.send(request)).status < 300;
  } catch {
    return false;
  }
}

function connectionAt(connections: readonly Connection[], index: number): Connection {
  const connection = connections[index];
  if (!connection) throw new RangeError(`There is no connection ${index}.`);
  return connection;
}
