import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Caller } from '../models/access.js';
import { DomainError } from '../models/errors.js';

/** What is known of a request beside what it says. */
export interface RequestFacts {
  caller?: Caller;
  /** Aborts when a call that stays open has to end, though its caller is still there. */
  ended?: AbortSignal;
}

const facts = new WeakMap<IncomingMessage, RequestFacts>();

export function factsOf({ raw }: FastifyRequest): RequestFacts {
  const known = facts.get(raw) ?? {};
  facts.set(raw, known);
  return known;
}

/** Who is calling. */
export const CallerOf = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = factsOf(context.switchToHttp().getRequest<FastifyRequest>());
  if (!caller) throw new DomainError('UNAUTHENTICATED', 'Send a key or a token: Authorization: Bearer …');
  return caller;
});

/** Aborts when the connection is gone before it was answered, or the call has to end. */
export const Disconnect = createParamDecorator((_: unknown, context: ExecutionContext): AbortSignal => {
  const { raw } = context.switchToHttp().getResponse<FastifyReply>();
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort();
  };
  whenClosed(raw, abort);
  whenEnded(context, abort);
  return controller.signal;
});

function whenEnded(context: ExecutionContext, act: () => void): void {
  const { ended } = factsOf(context.switchToHttp().getRequest<FastifyRequest>());
  if (ended?.aborted) act();
  else ended?.addEventListener('abort', act, { once: true });
}

/** It may have been closed already, while the key was looked up. */
export function whenClosed(response: ServerResponse, act: () => void): void {
  if (response.destroyed) act();
  else response.once('close', act);
}

/** A connection that breaks this soon after an answer may have lost it, in milliseconds. */
const lostWithinMs = 2_000;

interface LastAnswer {
  readonly at: number;
  readonly undelivered: AbortController;
}

const lastAnswers = new WeakMap<Socket, LastAnswer>();

/**
 * Aborts when the connection was gone before the request was answered, when the call has to end, or when the connection
 * breaks so soon afterwards that the answer may have been lost with it. A connection that is closed in good order has
 * delivered what it carried.
 */
export const Undelivered = createParamDecorator((_: unknown, context: ExecutionContext): AbortSignal => {
  const { raw } = context.switchToHttp().getResponse<FastifyReply>();
  const { socket } = context.switchToHttp().getRequest<FastifyRequest>().raw;
  const undelivered = new AbortController();
  whenClosed(raw, () => {
    if (raw.writableFinished) noteAnswer(socket, undelivered);
    else undelivered.abort();
  });
  whenEnded(context, () => {
    undelivered.abort();
  });
  return undelivered.signal;
});

/** One listener a connection, however many answers it carries. */
function noteAnswer(socket: Socket, undelivered: AbortController): void {
  const known = lastAnswers.has(socket);
  lastAnswers.set(socket, { at: performance.now(), undelivered });
  if (known) return;
  socket.once('close', (broken) => {
    const last = lastAnswers.get(socket);
    if (broken && last && performance.now() - last.at < lostWithinMs) last.undelivered.abort();
  });
}

const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace that the request belongs to, or a new one: W3C Trace Context has one that cannot be read ignored. */
export const TraceId = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
  const sent = headers.traceparent;
  return (
    (typeof sent === 'string' ? traceparent.exec(sent)?.[1] : undefined) ?? randomBytes(16).toString('hex')
  );
});
