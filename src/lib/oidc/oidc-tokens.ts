import { Injectable } from '@nestjs/common';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Caller } from '../../models/access.js';
import { DomainError } from '../../models/errors.js';
import { callerOf, type TokenRules } from '../../models/token.js';
import { TokenPort } from '../../ports/tokens.js';
import { IssuerKeys } from './issuer-keys.js';

/** The issuer is asked anew no more often than this, in milliseconds. */
const cooldownMs = 5_000;

/** A subject has at most this many characters (OpenID Connect Core 1.0, section 2). */
const longestSubject = 255;

/** Tokens (RFC 7519) of one OpenID issuer. */
@Injectable()
export class OidcTokens extends TokenPort {
  constructor(
    private readonly rules: TokenRules,
    private readonly keys = new IssuerKeys(rules.issuer, cooldownMs),
  ) {
    super();
  }

  async callerOf(token: string): Promise<Caller | undefined> {
    const claims = await this.verified(token);
    if (claims?.sub === undefined || !isSubject(claims.sub)) return undefined;
    return callerOf(claims, claims.sub, this.rules);
  }

  /** A key is asked for only once the token is seen to be a JWS that is signed in one of our ways. */
  private async verified(token: string): Promise<JWTPayload | undefined> {
    const { issuer, audience, algorithms, clockToleranceS } = this.rules;
    try {
      const { payload } = await jwtVerify(token, this.keys.keyFor, {
        issuer,
        audience,
        algorithms: [...algorithms],
        clockTolerance: clockToleranceS,
        requiredClaims: ['sub', 'exp'],
      });
      return payload;
    } catch (error) {
      if (isOfToken(error)) return undefined;
      throw unreachable(issuer);
    }
  }
}

/** Faults of the token itself, as against those of getting at the keys. */
function isOfToken(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false;
  return error instanceof errors.JOSEError && error.constructor !== errors.JOSEError;
}

function isSubject(subject: string): boolean {
  return subject.length <= longestSubject && /^[\x21-\x7e]+$/.test(subject);
}

/** Carries no cause, which would be logged with each token. */
function unreachable(issuer: string): DomainError {
  return new DomainError('UNAVAILABLE', `The keys of the issuer ${issuer} cannot be had. Try again shortly.`);
}
