import type { OpenAPIObject } from '@nestjs/swagger';
import { text } from './schema.js';

type Headers = NonNullable<NonNullable<OpenAPIObject['components']>['headers']>;

/** The headers of answers. */
export const headers: Headers = {
  RequestId: {
    description: 'Names the request in the logs: the `x-request-id` that was sent, or a new one.',
    required: true,
    schema: text('The id.', '019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071', { pattern: '^[A-Za-z0-9._:-]{1,128}$' }),
  },
  ETag: {
    description: "The card's version, for `If-Match`.",
    required: true,
    schema: text('The entity tag.', '"1"', { pattern: '^"[0-9]+"$' }),
  },
  Challenge: {
    description: 'How to authenticate (RFC 9110, section 11.6.1).',
    required: true,
    schema: text('The scheme.', 'Bearer'),
  },
  RetryAfter: {
    description: 'When to try again, in seconds.',
    required: true,
    schema: text('Seconds.', '1', { pattern: '^[0-9]+$' }),
  },
};
