import fc from 'fast-check';

/* What callers send who mean harm, or do not know what they do. All of it is drawn from a seed. */

/** Text that has broken one parser, query or page or another. */
const oddTexts = [
  ...['', ' ', '\t', '\r\n', '\u0000', '\u007f', '\u0080', '\u00ff', '\ufeff', '\u2028', '\u202e', '\ufffe'],
  ...[
    '\ud800',
    'a\udc00b',
    '\u{10ffff}',
    '👩‍👩‍👧',
    'é',
    'e\u0301',
    'ﬃ',
    'İ',
    'ß',
    'z'.repeat(64),
    'A'.repeat(256),
  ],
  ..."' OR '1'='1|'; DROP TABLE tasks; --|\"|\\|`id`|$(id)|${7*7}|{{7*7}}|%s%n%x|<script>alert(1)</script>|&lt;".split(
    '|',
  ),
  ...['../../etc/passwd', '..\\..\\', '%00', '%2e%2e%2f', '/', '//', '*', '?', '#', ';', ',', '|', '=', '&'],
  ...['null', 'undefined', 'NaN', 'true', '0', '-1', '1e1000', '0x10', '007', '٣', '1_000', '9'.repeat(400)],
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'then',
    'toJSON',
    'length',
    '$where',
  ],
  ...[
    '2026-02-30T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999999999Z',
    '2026-12-31T23:59:60Z',
  ],
  ...[
    '-000001-01-01T00:00:00Z',
    '+275760-09-13T00:00:00.001Z',
    '2026-01-01',
    '2026-01-01T00:00:00+23:59',
    'infinity',
  ],
  ...[
    '00000000-0000-0000-0000-000000000000',
    'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
    '{01890000-0000-7000-8000-000000000000}',
  ],
  ...[
    'sha256:' + '0'.repeat(64),
    'sha256:',
    'W/"1"',
    '"1"',
    'QUEUED',
    'PENDING',
    'APPROVED',
    'HITL',
    'ADMIN',
    'fuzz.held',
  ],
];

const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...oddTexts) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...oddTexts),
        fc.constantFrom(63, 64, 128, 129, 200, 201, 255, 500, 1000, 4001, 20_000),
      )
      .map(([odd, length]) => (odd + 'x').repeat(length).slice(0, length)),
  },
);

const numbers = [
  ...[
    '0',
    '-0',
    '1',
    '-1',
    '0.5',
    '0.7',
    '1.0000000001',
    '-0.0000001',
    '100',
    '101',
    '1000',
    '2147483647',
    '2147483648',
  ],
  ...[
    '-2147483649',
    '9007199254740991',
    '9007199254740993',
    '9223372036854775807',
    '18446744073709551616',
    '1e21',
  ],
  ...[
    '1e308',
    '1e309',
    '-1e400',
    '5e-324',
    '1e-400',
    '3600000',
    '86400001',
    '31622400000',
    '1E2',
    '1.0',
    '8.64e15',
    '1e15',
  ],
];

/** Tokens that are no JSON, where a value should be. */
const noTokens = [
  'NaN',
  'Infinity',
  '01',
  '+1',
  '.5',
  '1.',
  '0x1F',
  "'a'",
  'undefined',
  '{',
  '"\\x41"',
  '"\t"',
  '/**/1',
  '',
];

const deep = (depth: number, open: string, close: string) => open.repeat(depth) + '1' + close.repeat(depth);

/** A JSON value as text, or what somebody took for one. */
export const jsonText = fc.oneof(
  { weight: 8, arbitrary: text.map((one) => JSON.stringify(one)) },
  { weight: 5, arbitrary: fc.constantFrom(...numbers) },
  { weight: 1, arbitrary: fc.double().map(String) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'null',
      'true',
      'false',
      '[]',
      '{}',
      '[[]]',
      '[null]',
      '[{}]',
      '{"":""}',
      '[1,"a"]',
    ),
  },
  {
    weight: 3,
    arbitrary: fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }).map((value) => JSON.stringify(value)),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        '{"__proto__":{"a":1}}',
        '{"constructor":{"prototype":{"a":1}}}',
        '{"a":1,"a":2}',
        '{"\\u005f_proto__":1}',
      ],
      ...[
        '"\\ud800"',
        '{"\\udfff":1}',
        '"\\u0000"',
        '{"\\u0000":1}',
        '"\\uD83D\\uDE00"',
        '{"then":1,"toJSON":1}',
      ],
      ...[
        '{"length":4294967295}',
        '{"valueOf":1,"toString":1}',
        '[1e400]',
        '{"$gt":""}',
        '{"hasOwnProperty":1}',
      ],
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(62, 63, 64, 65, 1_000, 20_000), fc.boolean())
      .map(([depth, arrays]) => (arrays ? deep(depth, '[', ']') : deep(depth, '{"a":', '}'))),
  },
  { weight: 1, arbitrary: fc.constantFrom(101, 1_001, 9_000).map((length) => `[${'1,'.repeat(length)}1]`) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(101, 5_000)
      .map((length) => JSON.stringify(Object.fromEntries(Array.from({ length }, (_, i) => [`k${i}`, i])))),
  },
  { weight: 1, arbitrary: fc.constantFrom(...noTokens) },
);

/** The bytes of a whole body. */
export const bodyBytes = fc.oneof(
  { weight: 3, arbitrary: jsonText.map((one) => Buffer.from(one)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        '',
        ' ',
        '\ufeff{}',
        '{}{}',
        '{},',
        '{"a":}',
        '{"kind"',
        '[',
        ']',
        '"',
        '{"a":1]',
        '\u0000',
        '{}\u0000',
        '//a\n{}',
      ].map((one) => Buffer.from(one)),
      ...[Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]), Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
      ...[
        Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
        Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      ],
      Buffer.from('{"a":"' + 'x'.repeat(1_100_000) + '"}'),
    ),
  },
);

/** What stands for a parameter in a path, as it is sent. */
export const pathText = fc.oneof(
  { weight: 3, arbitrary: text.map((one) => encodeURIComponent(one.toWellFormed())) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        '%00',
        '%2f',
        '%2F..%2f',
        '..',
        '.',
        '%2e%2e',
        '..;',
        '%',
        '%zz',
        '%E2%28',
        '%c0%af',
        '%ff',
        '%u0041',
        '%25%30%30',
      ],
      ...[
        '',
        '/',
        '//',
        '\\',
        '*',
        ':',
        '::',
        '@',
        '~',
        'x'.repeat(300),
        'x'.repeat(15_000),
        '%41'.repeat(100),
        '%ed%a0%80',
      ],
      ...[
        't_',
        't_-',
        'T_ACME',
        't_a%20b',
        't_a%0d%0aX: 1',
        '[1]',
        '{taskId}',
        'verify',
        'export',
        'batch',
        'drafts',
      ],
    ),
  },
);

/** A query string or a part of one, as it is sent, after the name of a parameter. */
export const queryText = fc.oneof(
  { weight: 3, arbitrary: text.map((one) => `=${encodeURIComponent(one.toWellFormed())}`) },
  { weight: 2, arbitrary: fc.constantFrom(...numbers).map((one) => `=${one}`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        '',
        '=',
        '[]=1',
        '[0]=1',
        '[a]=1',
        '[__proto__]=1',
        '=1&__proto__=1',
        '=%',
        '=%00',
        '=%ff',
        '=a%20b',
        '=+',
        '=1;2',
      ],
      ...[
        '=1#f',
        '=1?2',
        '==',
        '=&=&',
        '&&',
        '=%F0%9F',
        '=%ed%a0%80',
        `=${'x'.repeat(1_001)}`,
        `=${'&a'.repeat(1_500)}`,
      ],
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .jsonValue({ maxDepth: 2 })
      .map((value) => `=${Buffer.from(JSON.stringify(value)).toString('base64url')}`),
  },
);

/** The value of a header, as bytes in Latin-1. */
const headerValue = fc.oneof(
  { weight: 3, arbitrary: text.map((one) => one.replaceAll(/[\r\n\0]/g, '').slice(0, 10_000)) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: 'binary', maxLength: 30 }).map((one) => one.replaceAll(/[\r\n]/g, '')),
  },
  { weight: 2, arbitrary: fc.constantFrom(...numbers) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        'application/json; charset=utf-16',
        'application/json;charset="\u00ff"',
        'application/json, text/plain',
        'text/html',
      ],
      ...[
        'multipart/form-data',
        'application/json\u0001',
        ';',
        'gzip',
        'gzip, chunked',
        'chunked',
        'identity',
        '100-continue',
      ],
      ...[
        'close',
        'upgrade',
        'keep-alive, close',
        'websocket',
        'bytes=0-1',
        'a, b, c',
        '"1", "2"',
        '*',
        'W/"1"',
        '"-1"',
        '"2147483648"',
      ],
      ...[
        'Bearer',
        'Bearer ',
        'Basic YTpi',
        'Bearer chimera_x',
        'Bearer a.b.c',
        'Bearer eyJhbGciOiJub25lIn0.e30.',
        'Digest x',
      ],
      ...[
        '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        '127.0.0.1, ::1',
        'for="[::1]"',
        'evil.example',
        'GET',
      ],
    ),
  },
);

// Where a body ends is another suite's matter: a server rightly waits for bytes that were promised.
const headerName = fc.constantFrom(
  ...[
    'content-type',
    'content-encoding',
    'authorization',
    'idempotency-key',
    'if-match',
    'last-event-id',
    'accept',
  ],
  ...['x-request-id', 'traceparent', 'tracestate', 'host', 'connection', 'upgrade', 'expect', 'origin'],
  ...[
    'x-forwarded-for',
    'x-http-method-override',
    'accept-encoding',
    'range',
    'cookie',
    'te',
    'if-none-match',
  ],
  ...['access-control-request-method', 'x-a', '__proto__', 'constructor', 'X_Y', 'a'.repeat(500)],
);

/** A header that is put in place of the one of its name, or beside it. */
export const header = fc.record({ name: headerName, value: headerValue, beside: fc.boolean() });

/** Where no such member, parameter or method is known. */
export const names = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...oddTexts) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'tenantId',
      'operatorId',
      'status',
      'version',
      'role',
      'confirmReasons',
      'limit',
      'cursor',
      'waitMs',
    ),
  },
);

export const methods = fc.constantFrom(
  'HEAD',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'PROPFIND',
  'get',
  'PUT',
  'POST',
  'DELETE',
  'GET',
  'QUERY',
  'BREW',
);
