import { Injectable } from '@nestjs/common';
import { type Caller } from '../models/access.js';
import { callersNetwork } from '../models/callers-network.js';
import { hashOf } from '../models/digest.js';
import { DomainError } from '../models/errors.js';
import { RateLimitsPort } from '../ports/rate-limits.js';
import { Authenticator } from './authenticator.js';

/** Credentials that are remembered as known at once, for as long as nobody restarts the process. */
const mostKnown = 20_000;

/** Lets callers in: those that it knows, as often as they may. */
@Injectable()
export class Doorkeeper {
  /** Hashes of credentials that were known when they last came: they are looked up also when their address is shut out. */
  private readonly known = new Set<string>();

  constructor(
    private readonly authenticator: Authenticator,
    private readonly limits: RateLimitsPort,
  ) {}

  /**
   * Who is calling; `undefined` for a credential that is not known. An address from which too many came that were not known is
   * shut out for a while, but for the credentials that were known when they last came: those who share it with a guesser go on.
   *
   * @param address of IP, of version 4 or 6; of the latter, the /64 is what is shut out
   * @throws DomainError `RATE_LIMITED`, and as `Authenticator` says
   */
  async recognise(credential: string, address: string): Promise<Caller | undefined> {
    const hash = hashOf(credential);
    const network = callersNetwork(address);
    const waitMs = await this.limits.wait('login', network);
    if (waitMs > 0 && !this.known.has(hash)) {
      throw rateLimited(waitMs, 'Too many unknown keys or tokens came from this address');
    }
    const caller = await this.authenticator.authenticate(credential, hash);
    if (caller) this.remember(hash);
    else {
      this.known.delete(hash);
      await this.limits.take('login', network);
    }
    return caller;
  }

  /**
   * Counts a request of the caller.
   *
   * @throws DomainError `RATE_LIMITED`
   */
  async count({ id, tenantId }: Caller): Promise<void> {
    // An issuer's subject may call for several tenants: what it uses up for one is not another's.
    const own = await this.limits.take('credential', tenantId === null ? id : `${tenantId}:${id}`);
    if (own > 0) throw rateLimited(own, 'Too many requests came with this credential');
    const tenants = tenantId === null ? 0 : await this.limits.take('tenant', tenantId);
    if (tenants > 0) throw rateLimited(tenants, 'Too many requests came for this tenant');
  }

  private remember(hash: string): void {
    if (this.known.has(hash)) return;
    if (this.known.size >= mostKnown) this.known.clear();
    this.known.add(hash);
  }
}

function rateLimited(waitMs: number, why: string): DomainError {
  const retryAfterS = Math.ceil(waitMs / 1_000);
  return new DomainError('RATE_LIMITED', `${why}. Nothing was changed; try again in ${retryAfterS} s.`, {
    retryAfterS,
  });
}
