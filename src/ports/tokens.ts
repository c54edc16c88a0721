import type { Caller } from '../models/access.js';

/** Tokens that somebody else has issued, and that are trusted as far as their signature, issuer, audience and times go. */
export abstract class TokenPort {
  /**
   * Who the token says is calling; `undefined` when it is not to be trusted, for whatever reason.
   *
   * @throws DomainError `FORBIDDEN` for a token that is genuine and names no role or tenant here; `UNAVAILABLE` when the
   * issuer's keys cannot be had
   */
  abstract callerOf(token: string): Promise<Caller | undefined>;
}
