import { Injectable } from '@nestjs/common';
import type { Caller } from '../../models/access.js';
import { TokenPort } from '../../ports/tokens.js';

/** For an installation that trusts no issuer. */
@Injectable()
export class NoTokens extends TokenPort {
  callerOf(): Promise<Caller | undefined> {
    return Promise.resolve(undefined);
  }
}
