import type { JsonValue } from '../../src/models/json.js';

/** What an HTTP request was answered. A body that is no JSON object is under `value`. */
export interface Answer {
  readonly status: number;
  readonly body: AnswerBody;
  readonly headers: Headers;
}

/** Members of an answer's body, as deep as a test looks. */
export interface AnswerBody {
  // An index signature that answers itself lets tests read on without a cast at each step.
  readonly [member: string]: AnswerBody;
}

/** HTTP with one key, as any client in any language would speak it. */
export class Client {
  constructor(
    readonly url: string,
    readonly key: string,
  ) {}

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, undefined, headers);
  }

  post(path: string, body?: JsonValue, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, body, headers);
  }

  put(path: string, body: JsonValue): Promise<Answer> {
    return this.send('PUT', path, body);
  }

  delete(path: string): Promise<Answer> {
    return this.send('DELETE', path);
  }

  send(
    method: string,
    path: string,
    body?: JsonValue,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return this.raw(method, path, body === undefined ? undefined : JSON.stringify(body), headers);
  }

  /** Sends the text as it is, under `application/json` unless the headers say otherwise. */
  async raw(
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(40_000),
    });
    return { status: response.status, body: bodyOf(await response.text()), headers: response.headers };
  }
}

/** The `items` of a list's answer. */
export function itemsOf({ body }: Answer): readonly AnswerBody[] {
  const items: unknown = body['items'];
  return Array.isArray(items) ? (items as readonly AnswerBody[]) : [];
}

/** A member as text, for ids and tokens that are sent back. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function bodyOf(text: string): AnswerBody {
  try {
    return JSON.parse(text === '' ? '{}' : text) as AnswerBody;
  } catch {
    return JSON.parse(JSON.stringify({ value: text })) as AnswerBody;
  }
}
