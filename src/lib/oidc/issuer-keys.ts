import { Logger } from '@nestjs/common';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  type FetchImplementation,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';

/** How the issuer is asked, in milliseconds. */
const asking = {
  timeoutDuration: 5_000,
  /** Keys are asked for again after this, so that a withdrawn one ends. */
  cacheMaxAge: 600_000,
};

/**
 * The keys of one OpenID issuer. Where they are is read from its discovery document, when the first is needed, again after
 * ten minutes, and when they are not there any more; they are kept for ten minutes, and asked for again when one is not
 * known. Anybody can make up the name of a key: so the issuer is asked no more often than once in a cool-down, and when it
 * fails, its failure is the answer until that is over.
 */
export class IssuerKeys {
  private readonly logger = new Logger(IssuerKeys.name);
  private keySet: Promise<JWTVerifyGetKey> | undefined;
  private readUntil = -Infinity;
  private failure: { readonly error: unknown; readonly until: number } | undefined;

  /** @param cooldownMs the least time between two questions to the issuer that its answer has not settled */
  constructor(
    private readonly issuer: string,
    private readonly cooldownMs: number,
  ) {}

  /** @throws JOSEError for a key that the issuer does not have; Error, or `JWKSTimeout`, when the issuer cannot be asked */
  readonly keyFor: JWTVerifyGetKey = async (header, token) => {
    const keyFor = await this.discovered();
    return keyFor(header, token);
  };

  /** Those who come while the issuer is asked share the answer. While it cannot be asked again, what it said last holds. */
  private discovered(): Promise<JWTVerifyGetKey> {
    if (this.keySet && performance.now() < this.readUntil) return this.keySet;
    const before = this.keySet;
    this.readUntil = performance.now() + asking.cacheMaxAge;
    this.keySet = this.ask(() => this.discover()).catch((error: unknown) => {
      this.keySet = before;
      this.readUntil = performance.now() + this.cooldownMs;
      if (before) return before;
      throw error;
    });
    return this.keySet;
  }

  private async discover(): Promise<JWTVerifyGetKey> {
    const response = await fetch(`${this.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
      redirect: 'error',
      signal: AbortSignal.timeout(asking.timeoutDuration),
      headers: { accept: 'application/json' },
    });
    const document = Object(await jsonOf(response)) as { issuer?: unknown; jwks_uri?: unknown };
    if (document.issuer !== this.issuer) {
      throw new Error('The discovery document is of another issuer; OIDC_ISSUER must be it to the letter.');
    }
    return createRemoteJWKSet(keyAddress(document.jwks_uri, this.issuer), {
      ...asking,
      cooldownDuration: this.cooldownMs,
      [customFetch]: (url, options) =>
        this.ask(() => keysAt(url, options)).catch((error: unknown) => {
          // They may be elsewhere by now: the next token has the document read again.
          this.readUntil = -Infinity;
          throw error;
        }),
    });
  }

  /** Each failure is logged once, and not with every token that it turns away. */
  private async ask<Answer>(attempt: () => Promise<Answer>): Promise<Answer> {
    if (this.failure && performance.now() < this.failure.until) throw this.failure.error;
    try {
      return await attempt();
    } catch (error) {
      this.failure = { error, until: performance.now() + this.cooldownMs };
      this.logger.warn({ err: error, issuer: this.issuer }, "The issuer's keys cannot be had.");
      throw error;
    }
  }
}

/** What is no set of keys is found out here, where it counts as a failure of the issuer. */
const keysAt: FetchImplementation = async (url, options) => {
  const keys = Object(await jsonOf(await fetch(url, options))) as JSONWebKeySet;
  createLocalJWKSet(keys);
  return Response.json(keys);
};

async function jsonOf(response: Response): Promise<unknown> {
  if (!response.ok) throw new Error(`The issuer answered ${response.status}.`);
  return response.json();
}

/** @throws Error for keys that would come over a line on which anybody can change them */
function keyAddress(named: unknown, issuer: string): URL {
  const address = typeof named === 'string' ? URL.parse(named) : null;
  if (address && (address.protocol === 'https:' || address.origin === new URL(issuer).origin)) return address;
  throw new Error("The issuer's keys must be at an address of https, or beside the issuer itself.");
}
