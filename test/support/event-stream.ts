import type { AnswerBody, Client } from './client.js';
import { until } from './fleet.js';

/** One Server-Sent Event: its fields, and its data as JSON. */
export interface StreamedEvent {
  readonly id: string;
  readonly type: string;
  readonly data: AnswerBody;
}

/** An open stream of events. */
export interface EventStream {
  readonly status: number;
  readonly headers: Headers;
  /** What has come until now. */
  readonly events: readonly StreamedEvent[];
  /** Every character that has come until now. */
  text(): string;
  /** All that has come, once one of these has; it has ten seconds. */
  untilType(type: string): Promise<readonly StreamedEvent[]>;
  /** All that has come, once there are so many. */
  untilCount(count: number): Promise<readonly StreamedEvent[]>;
  /** Hangs up. */
  close(): void;
  /** Resolves once the server has ended it. */
  readonly ended: Promise<void>;
}

/** Follows the events at the path, as a client in any language would. Resolves once the answer has begun. */
export async function follow(client: Client, path: string, lastEventId?: string): Promise<EventStream> {
  const hangUp = new AbortController();
  const response = await fetch(client.url + path, {
    headers: {
      authorization: `Bearer ${client.key}`,
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    },
    signal: hangUp.signal,
  });
  const events: StreamedEvent[] = [];
  const heard: string[] = [];
  const listen = async () => {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      const text = decoder.decode(chunk, { stream: true });
      heard.push(text);
      const messages = (rest + text).split('\n\n');
      rest = messages.pop() ?? '';
      events.push(...messages.filter((message) => !message.startsWith(':')).map(parse));
    }
  };
  const ended = listen().catch((error: unknown) => {
    if (!hangUp.signal.aborted) throw error;
  });
  await until(() => Promise.resolve(heard.length > 0));
  return {
    status: response.status,
    headers: response.headers,
    events,
    text: () => heard.join(''),
    untilType: (type) => until(() => Promise.resolve(events.some((event) => event.type === type) && events)),
    untilCount: (count) => until(() => Promise.resolve(events.length >= count && events)),
    close: () => {
      hangUp.abort();
    },
    ended,
  };
}

function parse(message: string): StreamedEvent {
  const fields = new Map(
    message.split('\n').map((line): [string, string] => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
  const data = JSON.parse(fields.get('data') ?? 'null') as AnswerBody;
  return { id: fields.get('id') ?? '', type: fields.get('event') ?? '', data };
}
