import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aTask } from '../../factories.js';
import { createStore, createTenant, mustBe, type TestStore, type TestTenant } from '../../support/chimera.js';
import { itemsOf } from '../../support/client.js';
import { sendBytes } from '../../support/wire.js';

describe('a request that two readers could cut in different places', () => {
  let store: TestStore;
  let url: string;
  let tenant: TestTenant;

  beforeAll(async () => {
    store = await createStore('postgres');
    ({ url } = await store.start());
    tenant = await createTenant(url);
  });
  afterAll(() => store.drop());

  const head = (...lines: readonly string[]) =>
    [
      `POST ${tenant.path}/tasks HTTP/1.1`,
      'host: localhost',
      `authorization: Bearer ${tenant.submitter.key}`,
      'content-type: application/json',
      ...lines,
    ].join('\r\n');

  /** A whole submission, which nobody sent as one. */
  const smuggled = () => {
    const body = JSON.stringify(aTask());
    return `${head(`content-length: ${body.length}`)}\r\n\r\n${body}`;
  };

  const chunked = 'transfer-encoding: chunked';
  const asHeaders = (...lines: readonly string[]) => `${head(...lines)}\r\n\r\n0\r\n\r\n`;

  const forms: Readonly<Record<string, () => string>> = {
    'a length and chunks': () => asHeaders('content-length: 5', chunked),
    'chunks and a length': () => asHeaders(chunked, 'content-length: 5'),
    'two lengths': () => asHeaders('content-length: 5', 'content-length: 6'),
    'the same length twice': () => asHeaders('content-length: 5', 'content-length: 5'),
    'a list of lengths': () => asHeaders('content-length: 5, 5'),
    'a length with a sign': () => asHeaders('content-length: +5'),
    'a length in hex': () => asHeaders('content-length: 0x5'),
    'a length below nothing': () => asHeaders('content-length: -5'),
    'a length beyond counting': () => asHeaders('content-length: 99999999999999999999'),
    'a blank before the colon': () => asHeaders('transfer-encoding : chunked'),
    'a folded header': () => asHeaders('x-a: b', ' transfer-encoding: chunked', 'content-length: 5'),
    'chunks that are not last': () => asHeaders('transfer-encoding: chunked, identity'),
    'a coding that is not known': () => asHeaders('transfer-encoding: xchunked'),
    'a coding behind a tab of another kind': () => asHeaders('transfer-encoding: \u000bchunked'),
    'a NUL': () => asHeaders('content-length: 5', 'x-a: b\u0000c'),
    'a bare return': () => asHeaders('content-length: 5', 'x-a: b\rtransfer-encoding: chunked'),
    'a bare line feed': () => asHeaders('content-length: 5', 'x-a: b\ntransfer-encoding: chunked'),
    'bare line feeds all through': () => asHeaders('content-length: 5').replaceAll('\r\n', '\n'),
    'no host': () => asHeaders('content-length: 5').replace('host: localhost\r\n', ''),
    'a name that is no token': () => asHeaders('content-length: 5', 'x[a]: b'),
    'a chunk of less than nothing': () => `${head(chunked)}\r\n\r\n-1\r\n\r\n0\r\n\r\n`,
    'a chunk of no size': () => `${head(chunked)}\r\n\r\nzz\r\n\r\n0\r\n\r\n`,
    'a chunk beyond counting': () => `${head(chunked)}\r\n\r\n${'f'.repeat(20)}\r\n\r\n0\r\n\r\n`,
    'a chunk that ends early': () => `${head(chunked)}\r\n\r\n5\r\n{}\r\n0\r\n\r\n`,
    'a chunk with bare line feeds': () => `${head(chunked)}\r\n\r\n2\n{}\n0\n\n`,
  };

  it('is refused, its connection is closed, and what it hides is not done', async () => {
    const outcomes: Record<string, string> = {};
    for (const [name, form] of Object.entries(forms)) {
      // It has ended the connection when this resolves.
      const { status } = await sendBytes(url, form() + smuggled()).catch((error: unknown) => ({
        status: String(error),
      }));
      const { length } = itemsOf(mustBe(200, await tenant.auditor.get(`${tenant.path}/tasks`)));
      outcomes[name] = `${status}, ${length} tasks`;
    }
    expect(outcomes).toEqual(Object.fromEntries(Object.keys(forms).map((name) => [name, '400, 0 tasks'])));
  });

  it('may expect what nobody knows, and is answered as without it', async () => {
    const expecting = head('expect: the unexpected', 'content-length: 2', 'connection: close');
    const answer = await sendBytes(url, `${expecting}\r\n\r\n{}`);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain('"code":"VALIDATION_FAILED"');
  });
});
