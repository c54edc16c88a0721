/** A client of the provider, and what its tokens say of it. */
export interface ProviderClient {
  readonly id: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** An OpenID provider, as any company runs one. */
export interface IdentityProvider {
  readonly issuer: string;
  /** Asks it for an access token, as a client with a secret does (RFC 6749, section 4.4). */
  tokenFor(clientId: string, audience?: string): Promise<string>;
  /** Signs claims with the provider's own key, to make tokens that it would never give out. */
  forge(claims: Readonly<Record<string, unknown>>, options?: { alg?: string; kid?: string }): Promise<string>;
  /** The public key that tokens are checked with, as PEM. */
  publicKey(): Promise<string>;
  /** Signs with a new key from now on, and shows no other. */
  rotate(): Promise<void>;
  /** How often its keys were asked for. */
  readonly keyRequests: number;
  /** How often it was asked for its keys, or where they are. */
  readonly questions: number;
  /** Answers everything with 500, until it is told to go on. */
  fail(failing: boolean): void;
  stop(): Promise<void>;
}

export const audience: string;
export function startIdentityProvider(clients: readonly ProviderClient[]): Promise<IdentityProvider>;
