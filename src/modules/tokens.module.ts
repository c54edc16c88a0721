import { type DynamicModule, Global, Module } from '@nestjs/common';
import { NoTokens } from '../lib/oidc/no-tokens.js';
import { OidcTokens } from '../lib/oidc/oidc-tokens.js';
import { TokenPort } from '../ports/tokens.js';
import type { Resources } from './resources.js';

@Global()
@Module({})
export class TokensModule {
  static on({ config: { oidc } }: Resources): DynamicModule {
    const tokens = {
      provide: TokenPort,
      useFactory: () => (oidc === undefined ? new NoTokens() : new OidcTokens(oidc)),
    };
    return { module: TokensModule, providers: [tokens], exports: [TokenPort] };
  }
}
