import { type PreparedRequest, withConnections } from './connection.js';

export interface Each {
  readonly origin: string;
  readonly connections: number;
  readonly requests: readonly PreparedRequest[];
}

/** Sends each request once and answers their answers' texts, in order. Throws an Error when one is refused. */
export async function each({ origin, connections: count, requests }: Each): Promise<readonly string[]> {
  return withConnections(origin, count, async (connections) => {
    const texts = new Array<string>(requests.length).fill('');
    const left = requests.entries();
    await Promise.all(
      connections.map(async (connection) => {
        for (const [index, request] of left) {
          const { status, text } = await connection.send(request);
          if (status >= 300) throw new Error(`${request.path} was answered ${status}: ${text.slice(0, 500)}`);
          texts[index] = text;
        }
      }),
    );
    return texts;
  });
}
