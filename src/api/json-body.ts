import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { setImmediate as breathe } from 'node:timers/promises';
import secureJson from 'secure-json-parse';
import { DomainError, type FieldError, validationFailed } from '../models/errors.js';
import { pointerToken } from '../models/json-reader.js';
import { exceededLimit } from './json-outline.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What a body may hold. */
export const bodyLimits = {
  /** Bytes of a request's body. */
  bytes: 1024 * 1024,
  /** Bytes of the body of a batch of tasks. */
  batchBytes: 8 * 1024 * 1024,
  /** Levels of objects and arrays in each other. */
  depth: 64,
  /** Different names of members for each mebibyte that a body may have; to parse as many takes some 10 ms. */
  names: 8192,
  /** Objects and arrays for each mebibyte that a body may have. */
  structures: 32_768,
  /** Bytes of one input or output as JSON. */
  inlineBytes: 256 * 1024,
} as const;

/**
 * Reads bodies as JSON and takes no other kind. Refuses what JSON can carry but no store or signature can: numbers beyond
 * IEEE 754, NUL and lone surrogates in strings (RFC 7493, I-JSON), prototype members, more than 64 levels; and what would keep
 * the event loop from other work for long: very many different names, objects and arrays. An empty body is none.
 */
export function acceptJsonBodies(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRoute', (route) => {
    if (route.url.endsWith('/tasks/batch')) route.bodyLimit = bodyLimits.batchBytes;
  });
  fastify.removeAllContentTypeParsers();
  app.useBodyParser('application/json', { bodyLimit: bodyLimits.bytes }, (request, body: Buffer, done) => {
    if (body.length <= shortBody) {
      try {
        done(null, body.length === 0 ? undefined : soundValue(parseJson(textOf(body))));
      } catch (error) {
        done(faultOf(error));
      }
      return;
    }
    readLongBody(body, request.routeOptions.bodyLimit).then(
      (value) => done(null, value),
      (error: unknown) => done(faultOf(error)),
    );
  });
}

function faultOf(error: unknown): Error {
  return error instanceof Error ? error : new Error('The body could not be read.');
}

/**
 * Reads a body of more than 32 KiB: what takes milliseconds each is done in a turn of the event loop of its own.
 *
 * @param limit The route's limit of bytes, of which the other limits are in proportion.
 * @throws DomainError `MALFORMED_JSON`, or `VALIDATION_FAILED` for what is not taken.
 */
export async function readLongBody(body: Buffer, limit?: number): Promise<unknown> {
  checkOutline(body, limit);
  await breathe();
  const text = textOf(body);
  await breathe();
  const value = parseJson(text);
  await breathe();
  return soundValue(value);
}

/** A body so short takes little time to parse, whatever it holds. In bytes. */
const shortBody = 32 * 1024;

function checkOutline(body: Buffer, bytes: number = bodyLimits.bytes): void {
  const share = Math.max(1, bytes / bodyLimits.bytes);
  const limits = { names: share * bodyLimits.names, structures: share * bodyLimits.structures };
  const exceeded = exceededLimit(body, limits);
  if (exceeded === undefined) return;
  const what = exceeded === 'names' ? 'different names of members' : 'objects and arrays';
  throw validationFailed([{ pointer: '', message: `has more than ${limits[exceeded]} ${what}` }]);
}

/** Bytes that are no UTF-8 are refused, not replaced: what was sent is what is kept (RFC 8259, section 8.1). */
function textOf(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new DomainError('MALFORMED_JSON', 'The body cannot be read as JSON. It is not UTF-8.');
  }
}

function soundValue(value: unknown): unknown {
  const fault = unsoundPart(value);
  if (fault) throw validationFailed([fault]);
  return value;
}

function parseJson(body: string): unknown {
  try {
    const value: unknown = secureJson.parse(body, { protoAction: 'error', constructorAction: 'error' });
    return value;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const forbidden = message.includes('forbidden prototype');
    // The parser's own words quote the body, which may be held from view.
    const detail = forbidden
      ? 'It has a member that is never taken: __proto__ or constructor.prototype.'
      : 'Check its quotes, commas and brackets.';
    throw new DomainError('MALFORMED_JSON', `The body cannot be read as JSON. ${detail}`);
  }
}

/** Checks text that comes in another way than by a body. */
export function isSoundText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/**
 * The first part of a JSON value that cannot be kept, and where it is. Depth is bounded before it is descended to, and no
 * account is kept of where the sound parts are: a batch may have millions.
 */
function unsoundPart(value: unknown, path: (string | number)[] = []): FieldError | undefined {
  if (typeof value === 'string') {
    return isSoundText(value)
      ? undefined
      : fault(path, 'has a NUL or a lone surrogate, which cannot be stored');
  }
  if (typeof value === 'number') {
    return Number.isFinite(value)
      ? undefined
      : fault(path, 'is a number too large for JSON (RFC 8259, section 6)');
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (path.length >= bodyLimits.depth)
    return fault(path, `is nested more than ${bodyLimits.depth} levels deep`);
  return Array.isArray(value)
    ? unsoundEntry(value, path)
    : unsoundMember(value as Record<string, unknown>, path);
}

function unsoundEntry(array: readonly unknown[], path: (string | number)[]): FieldError | undefined {
  for (let index = 0; index < array.length; index += 1) {
    path.push(index);
    const found = unsoundPart(array[index], path);
    if (found) return found;
    path.pop();
  }
  return undefined;
}

function unsoundMember(
  object: Readonly<Record<string, unknown>>,
  path: (string | number)[],
): FieldError | undefined {
  for (const key of Object.keys(object)) {
    if (!isSoundText(key))
      return fault(path, 'has a key with a NUL or a lone surrogate, which cannot be stored');
    path.push(key);
    const found = unsoundPart(object[key], path);
    if (found) return found;
    path.pop();
  }
  return undefined;
}

function fault(path: readonly (string | number)[], message: string): FieldError {
  const pointer = path.map((step) => `/${pointerToken(String(step))}`).join('');
  return { pointer: pointer.slice(0, 200), message };
}
