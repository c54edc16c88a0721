import { Injectable } from '@nestjs/common';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Caller } from '../../models/access.js';
import { DomainError } from '../../models/errors.js';
import { callerOf, type TokenRules } from '../../models/token.js';
import { TokenPort } from '../../ports/tokens.js';

type KeySet = ReturnType<typeof createRemoteJWKSet>;

/** How the issuer is asked, in milliseconds. */
const asking = {
  timeoutDuration: 5_000,
  /** A key that is not known is asked for no more often than this: anybody can make one up. */
  cooldownDuration: 5_000,
  /** Keys are asked for again after this, so that a withdrawn one ends. */
  cacheMaxAge: 600_000,
};

/** A subject has at most this many characters (OpenID Connect Core 1.0, section 2). */
const longestSubject = 255;

/**
 * Tokens (RFC 7519) of one OpenID issuer. Where its keys are is read from its discovery document, at the first token; the keys
 * are kept for ten minutes, and asked for again when a token names one that is not known.
 */
@Injectable()
export class OidcTokens extends TokenPort {
  private keySet: Promise<KeySet> | undefined;

  constructor(private readonly rules: TokenRules) {
    super();
  }

  async callerOf(token: string): Promise<Caller | undefined> {
    const claims = await this.verified(token, await this.keys());
    if (claims?.sub === undefined || !isSubject(claims.sub)) return undefined;
    return callerOf(claims, claims.sub, this.rules);
  }

  private async verified(token: string, keys: KeySet): Promise<JWTPayload | undefined> {
    const { issuer, audience, algorithms, clockToleranceS } = this.rules;
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: [...algorithms],
        clockTolerance: clockToleranceS,
        requiredClaims: ['sub', 'exp'],
      });
      return payload;
    } catch (error) {
      if (isOfToken(error)) return undefined;
      throw unreachable(this.rules.issuer, error);
    }
  }

  /** Those who come while the issuer is asked share the answer; a failure is not kept. */
  private keys(): Promise<KeySet> {
    this.keySet ??= this.discover().catch((error: unknown) => {
      this.keySet = undefined;
      throw unreachable(this.rules.issuer, error);
    });
    return this.keySet;
  }

  private async discover(): Promise<KeySet> {
    const { issuer } = this.rules;
    const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
      redirect: 'error',
      signal: AbortSignal.timeout(asking.timeoutDuration),
      headers: { accept: 'application/json' },
    });
    if (!response.ok) throw new Error(`The issuer answered ${response.status}.`);
    const document = Object(await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
    if (document.issuer !== issuer) {
      throw new Error('The discovery document is of another issuer; OIDC_ISSUER must be it to the letter.');
    }
    return createRemoteJWKSet(keyAddress(document.jwks_uri, issuer), asking);
  }
}

/** @throws Error for keys that would come over a line on which anybody can change them */
function keyAddress(named: unknown, issuer: string): URL {
  const address = typeof named === 'string' ? URL.parse(named) : null;
  if (address && (address.protocol === 'https:' || address.origin === new URL(issuer).origin)) return address;
  throw new Error("The issuer's keys must be at an address of https, or beside the issuer itself.");
}

/** Faults of the token itself, as against those of getting at the keys. */
function isOfToken(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false;
  return error instanceof errors.JOSEError && error.constructor !== errors.JOSEError;
}

function isSubject(subject: string): boolean {
  return subject.length <= longestSubject && /^[\x21-\x7e]+$/.test(subject);
}

function unreachable(issuer: string, cause: unknown): DomainError {
  return new DomainError(
    'UNAVAILABLE',
    `The keys of the issuer ${issuer} cannot be had. Try again shortly.`,
    {
      cause,
    },
  );
}
