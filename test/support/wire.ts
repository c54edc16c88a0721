import { once } from 'node:events';
import { connect } from 'node:net';

/** What a server wrote back to bytes that no client library would send. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** Whether the connection takes another request. */
  readonly open: boolean;
}

/** Sends the bytes on a connection of their own, and reads until the server closes it. */
export async function sendBytes(url: string, bytes: string | Buffer): Promise<WireAnswer> {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  await once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
  return (
    answerIn(Buffer.concat(chunks), false, true) ?? {
      status: 0,
      headers: new Headers(),
      body: '',
      open: false,
    }
  );
}

/** The first answer of what was received, once all of it is there. @param isHead Whether it has no body, whatever it says. */
export function answerIn(received: Buffer, isHead: boolean, closed: boolean): WireAnswer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0);
  const rest = received.subarray(end + 4);
  if (status >= 100 && status < 200 && status !== 101) return answerIn(rest, isHead, closed);
  const headers = new Headers(
    lines.map((line): [string, string] => [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  const keeps = headers.get('connection') !== 'close' && !closed;
  const whole = (body: string, open = keeps) => ({ status, headers, body, open });
  if (isHead || status === 204 || status === 304) return whole('');
  if (headers.get('content-type')?.startsWith('text/event-stream') === true) return whole('', false);
  const length = headers.get('content-length');
  if (length !== null)
    return rest.length < Number(length) ? undefined : whole(rest.subarray(0, Number(length)).toString());
  if (headers.get('transfer-encoding') === 'chunked') {
    const body = chunksIn(rest);
    return body === undefined ? undefined : whole(body);
  }
  return closed ? whole(rest.toString(), false) : undefined;
}

function chunksIn(rest: Buffer): string | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const end = rest.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const size = parseInt(rest.subarray(at, end).toString('latin1'), 16);
    if (rest.length < end + 2 + size + 2) return undefined;
    if (size === 0) return Buffer.concat(chunks).toString();
    chunks.push(rest.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
