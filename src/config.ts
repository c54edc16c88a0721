import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type Role, roles } from './models/access.js';
import { BootError } from './models/boot-error.js';
import {
  type CategoryRule,
  parseCategoryRules,
  type TopicClassifierSettings,
} from './models/topic-classifier.js';
import { payloadKeyFrom } from './models/payload-keys.js';
import { privateKeyFrom, publicKeyFrom } from './models/signing-key.js';
import { tenantIdPattern } from './models/tenant.js';
import { isAlgorithm, type TokenRules } from './models/token.js';
import {
  address,
  duration,
  issuer,
  list,
  mapping,
  onOrOff,
  optionalWords,
  parses,
  path,
  quoted,
  secret,
  type Setting,
  wholeNumber,
  words,
} from './setting.js';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The settings of an installation. */
export interface Config {
  readonly port: number;
  readonly host: string;
  /** `undefined`: the embedded PostgreSQL. */
  readonly databaseUrl: string | undefined;
  /** `undefined`: registry and queues on PostgreSQL. */
  readonly redisUrl: string | undefined;
  readonly dataDir: string;
  /** `undefined`: made at the first start. */
  readonly adminKey: string | undefined;
  readonly heartbeatIntervalMs: number;
  readonly suspectAfterMissed: number;
  readonly offlineAfterMissed: number;
  readonly massLossPercent: number;
  readonly massLossGraceMs: number;
  readonly maxOpenTasks: number;
  readonly maxEventStreams: number;
  readonly maxLongPolls: number;
  readonly leaseMs: number;
  readonly sweepIntervalMs: number;
  readonly policyFourEyes: boolean;
  readonly shadowRetentionDays: number;
  /** 0: in the server's own thread. */
  readonly replayThreads: number;
  /** `undefined`: no external classifier is asked. */
  readonly topicClassifier: TopicClassifierSettings | undefined;
  /** `keyId:base64`; the first encrypts. */
  readonly payloadKeys: readonly string[];
  /** PEM or seed; `undefined`: made at the first start. */
  readonly auditSigningKey: string | undefined;
  /** Public keys that were in use before. */
  readonly auditVerifyKeys: readonly string[];
  readonly checkpointEvents: number;
  readonly checkpointMs: number;
  /** `undefined`: no such sink. */
  readonly checkpointFile: string | undefined;
  readonly checkpointWebhook: string | undefined;
  readonly checkpointWebhookPrivate: boolean;
  readonly logLevel: LogLevel;
  /** `undefined`: no token is taken, only keys. */
  readonly oidc: TokenRules | undefined;
  /** Requests a second; 0 for no limit. */
  readonly rateLimitCredential: number;
  readonly rateLimitTenant: number;
  readonly loginFailuresPerMinute: number;
  /** Addresses and networks. */
  readonly trustedProxies: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly swaggerUi: boolean;
}

const usualCategories =
  'politics:POLITICS:0.5,health:HEALTH_ADVICE:0.5,financial:FINANCIAL_ADVICE:0.5,legal:LEGAL_CLAIMS:0.5';

const usualAlgorithms = 'RS256,ES256,EdDSA';

/** Every setting, by the name of its variable. The README and `.env.example` are held to this table by a test. */
export const settings = {
  PORT: wholeNumber('The port to serve on.', 3000, 1, 65_535),
  HOST: words('The address to serve on; 0.0.0.0 in containers.', '127.0.0.1', (text) =>
    /^[A-Za-z0-9._:[\]%-]{1,253}$/.test(text)
      ? undefined
      : `must be an address or a host name, not ${quoted(text)}`,
  ),
  DATABASE_URL: address('PostgreSQL, 14 or newer.', 'the embedded PostgreSQL', ['postgres:', 'postgresql:']),
  REDIS_URL: address('Redis, 6.2 or newer.', 'registry and queues on PostgreSQL', ['redis:', 'rediss:']),
  CHIMERA_DATA_DIR: path(
    'Where the embedded PostgreSQL keeps its data, and the signing key that was made is kept.',
    '.chimera',
    '.chimera',
  ),
  CHIMERA_ADMIN_KEY: secret(
    "The admin's API key, 32 characters or more.",
    'made at the first start and printed once',
    32,
    512,
  ),
  HEARTBEAT_INTERVAL_MS: wholeNumber(
    'How often agents are to give a sign of life, in milliseconds.',
    5_000,
    100,
    3_600_000,
  ),
  SUSPECT_AFTER_MISSED: wholeNumber(
    'How many heartbeats in a row an agent misses before it is suspect.',
    3,
    1,
    1_000,
  ),
  OFFLINE_AFTER_MISSED: wholeNumber(
    'How many it misses before it is OFFLINE and its leases end; more than make it suspect.',
    6,
    2,
    1_000,
  ),
  MASS_LOSS_PERCENT: wholeNumber(
    "When more than this share of a tenant's agents, in percent, falls silent at once, no leases are taken away; 100 for never.",
    15,
    1,
    100,
  ),
  MASS_LOSS_GRACE_MS: duration(
    'How long they are not taken away then, in milliseconds.',
    'four times the silence that makes an agent OFFLINE',
    100,
    86_400_000,
  ),
  MAX_OPEN_TASKS: wholeNumber(
    'How many tasks of a tenant may be open at a time: waiting, running or held.',
    1_000_000,
    1,
    1_000_000_000,
  ),
  MAX_EVENT_STREAMS: wholeNumber(
    'How many event streams of a tenant one process keeps open.',
    1_000,
    1,
    50_000,
  ),
  MAX_LONG_POLLS: wholeNumber(
    'How many requests of a tenant may wait in one process, for tasks or for results.',
    12_000,
    1,
    50_000,
  ),
  LEASE_MS: wholeNumber(
    'How long a lease lasts unless it is renewed, in milliseconds.',
    60_000,
    500,
    86_400_000,
  ),
  SWEEP_INTERVAL_MS: wholeNumber('How often to look for what is due, in milliseconds.', 500, 20, 60_000),
  POLICY_FOUR_EYES: onOrOff(
    'Whether a looser policy needs a second operator whichever way it comes: on or off.',
    'off',
  ),
  SHADOW_RETENTION_DAYS: wholeNumber(
    'For how many days it is kept what a shadow policy said of single results.',
    30,
    1,
    3_650,
  ),
  REPLAY_THREADS: wholeNumber(
    "Threads in which backtests and shadow policies judge; 0 for the server's own.",
    2,
    0,
    64,
  ),
  TOPIC_CLASSIFIER_URL: {
    description: 'An external topic classifier, to which /v1/moderations is added; outputs are sent to it.',
    fallback: 'none is asked',
    read(text) {
      if (text === undefined) return { value: undefined };
      const url = URL.parse(text);
      const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
      const isBare = url?.username === '' && url.password === '' && !/[?#]/.test(text);
      if (!isWeb || !isBare) {
        return {
          fault: 'must be a URL that begins with http:// or https://, without a user, a query or a fragment',
        };
      }
      if (!/\/(?:v1|moderations)\/?$/.test(url.pathname)) return { value: text };
      return { fault: 'must be what comes before /v1/moderations, which is added to it' };
    },
  } satisfies Setting<string | undefined>,
  TOPIC_CLASSIFIER_KEY: secret('The API key of the topic classifier.', 'none is sent', 1, 1_024),
  TOPIC_CLASSIFIER_MODEL: words('The model that the topic classifier is asked for.', 'topics', (text) =>
    /^[\x21-\x7e]{1,200}$/.test(text) ? undefined : `must be the name of a model, not ${quoted(text)}`,
  ),
  TOPIC_CLASSIFIER_CATEGORIES: {
    description: "The classifier's categories, as category:TOPIC:threshold with commas between.",
    fallback: usualCategories,
    read(text = usualCategories) {
      const rules = parseCategoryRules(text);
      return typeof rules === 'string' ? { fault: rules } : { value: rules };
    },
  } satisfies Setting<readonly CategoryRule[]>,
  TOPIC_CLASSIFIER_BUDGET_MS: wholeNumber(
    'How long a result waits for the topic classifier at most before it is held, in milliseconds.',
    1_000,
    10,
    30_000,
  ),
  TOPIC_CLASSIFIER_MAX_TEXT: wholeNumber(
    'The longest text that the topic classifier is sent, in UTF-16 units; what is longer is held.',
    32_768,
    1,
    1_048_576,
  ),
  TOPIC_CLASSIFIER_CONCURRENCY: wholeNumber(
    'How many calls of the topic classifier a process has under way; eight times as many may wait.',
    16,
    1,
    1_000,
  ),
  CHIMERA_PAYLOAD_KEYS: list(
    'Keys that payloads are encrypted with in the database, keyId:base64 of 32 bytes each, separated by commas: the first encrypts, all decrypt.',
    'with the embedded PostgreSQL one that was made and kept in CHIMERA_DATA_DIR, otherwise not encrypted',
    (entry, index) =>
      parses(entry, payloadKeyFrom)
        ? undefined
        : `must be keyId:base64 of 32 bytes, an id having 1–32 letters, digits, _ or - and not being "plain", which key ${index + 1} is not`,
  ),
  AUDIT_SIGNING_KEY: {
    description:
      'The Ed25519 key that signs checkpoints and receipts: PEM, or the 32-byte seed in base64. The same in all processes.',
    fallback: 'made at the first start and kept in CHIMERA_DATA_DIR',
    read(text) {
      if (text === undefined || parses(text, privateKeyFrom)) return { value: text };
      return { fault: 'must be an Ed25519 private key: PEM (PKCS #8), or its 32-byte seed in base64' };
    },
  } satisfies Setting<string | undefined>,
  // Somebody may have put a private key there, so that no entry is repeated.
  AUDIT_VERIFY_KEYS: list(
    'Public keys that were in use before, to be shown with the present one: base64, separated by commas.',
    'no others',
    (entry, index) =>
      parses(entry, publicKeyFrom)
        ? undefined
        : `must be Ed25519 public keys of 32 bytes in base64, which key ${index + 1} is not`,
  ),
  AUDIT_CHECKPOINT_EVENTS: wholeNumber(
    "After how many events a tenant's audit record is sealed by a signed checkpoint.",
    1_000,
    1,
    1_000_000,
  ),
  AUDIT_CHECKPOINT_MS: wholeNumber(
    'How long an event waits for that, in milliseconds: it is sealed with the next sweep after it.',
    60_000,
    100,
    86_400_000,
  ),
  AUDIT_CHECKPOINT_FILE: path('A file that checkpoints are appended to.', 'no such file', undefined),
  AUDIT_CHECKPOINT_WEBHOOK: address(
    'A webhook that checkpoints are sent to by HTTP POST.',
    'no such webhook',
    ['http:', 'https:'],
  ),
  AUDIT_CHECKPOINT_WEBHOOK_PRIVATE: onOrOff(
    'Whether the webhook may be at a private or link-local address: on or off.',
    'off',
  ),
  LOG_LEVEL: words('What is logged: fatal, error, warn, info, debug, trace or silent.', 'info', (text) =>
    isLogLevel(text) ? undefined : `must be one of ${logLevels.join(', ')}, not ${quoted(text)}`,
  ),
  OIDC_ISSUER: issuer(
    'The issuer whose tokens are taken, by its URL: https, or http on this machine.',
    'no tokens, only keys',
  ),
  OIDC_AUDIENCE: optionalWords(
    'The audience that a token must name. Needed with OIDC_ISSUER.',
    'no audience',
  ),
  OIDC_ALGORITHMS: list(
    'The algorithms that tokens may be signed with; never one with a shared secret.',
    usualAlgorithms,
    (entry) =>
      isAlgorithm(entry)
        ? undefined
        : `must be asymmetric algorithms of JWS between commas, such as RS256,ES256, not ${quoted(entry)}`,
    usualAlgorithms,
  ),
  OIDC_ROLE_CLAIM: words(
    "The claim that holds the caller's role: its name, or a JSON pointer to it.",
    'chimera_role',
    claimFault,
  ),
  OIDC_ROLES: mapping(
    'Which value of that claim stands for which role; ADMIN only if it is named here.',
    'the names of the roles of tenants',
    (text): text is Role => roles.some((role) => role === text),
    'OPERATOR',
  ),
  OIDC_TENANT_CLAIM: words(
    "The claim that holds the caller's tenant: its name, or a JSON pointer to it.",
    'chimera_tenant',
    claimFault,
  ),
  OIDC_TENANTS: mapping(
    'Which value of that claim stands for which tenant.',
    'the ids of tenants',
    (text): text is string => tenantIdPattern.test(text),
    't_acme',
  ),
  OIDC_CLOCK_TOLERANCE_S: wholeNumber("How far the issuer's clock may be off, in seconds.", 5, 0, 300),
  RATE_LIMIT_CREDENTIAL: wholeNumber(
    'Requests a second with one key or token, over ten seconds; 0 for no limit.',
    10_000,
    0,
    1_000_000,
  ),
  RATE_LIMIT_TENANT: wholeNumber(
    'Requests a second for one tenant, over ten seconds; 0 for no limit.',
    20_000,
    0,
    1_000_000,
  ),
  LOGIN_FAILURES_PER_MINUTE: wholeNumber(
    'Unknown keys and tokens from one address before it has to wait; 0 for no limit.',
    100,
    0,
    1_000_000,
  ),
  TRUSTED_PROXIES: list(
    "Proxies whose X-Forwarded-For says the caller's address: addresses or networks, between commas.",
    'no proxy is believed',
    (entry) =>
      isNetwork(entry) ? undefined : `must be addresses or networks such as 10.0.0.0/8, not ${quoted(entry)}`,
  ),
  CORS_ORIGINS: list(
    'Origins whose pages may call the API from a browser, between commas.',
    'no other than its own',
    (entry) =>
      URL.parse(entry)?.origin === entry
        ? undefined
        : `must be origins such as https://desk.example, not ${quoted(entry)}`,
  ),
  SWAGGER_UI: onOrOff('Whether Swagger UI is served at /docs: on or off.', 'on'),
} as const;

type SettingName = keyof typeof settings;

/** What does nothing by itself: whoever sets it alone expects a door to be open, or to be shut, that is not. */
const strays: readonly { readonly name: SettingName; readonly without: SettingName }[] = [
  { name: 'TOPIC_CLASSIFIER_KEY', without: 'TOPIC_CLASSIFIER_URL' },
  { name: 'OIDC_AUDIENCE', without: 'OIDC_ISSUER' },
  { name: 'OIDC_ROLES', without: 'OIDC_ISSUER' },
];

/** So many bits say that the rest is an address of IPv4 (RFC 4291, section 2.5.5.2). */
const mappedPrefix = 96;

/** Whether Fastify can hold callers' addresses to it; what would take in all of IPv4 or of IPv6 is no network of proxies. */
function isNetwork(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/');
  if (isIP(address) === 0 || !ipaddr.isValid(address) || more.length > 0) return false;
  if (prefix === undefined) return true;
  const parsed = ipaddr.parse(address);
  const isMapped = parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress();
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : 0;
  return bits > (isMapped ? mappedPrefix : 0) && bits <= (parsed.kind() === 'ipv4' ? 32 : 128);
}

function claimFault(text: string): string | undefined {
  return /^[\x21-\x7e]{1,200}$/.test(text) ? undefined : 'must be the name of a claim';
}

function isLogLevel(text: string): text is LogLevel {
  return logLevels.some((level) => level === text);
}

/**
 * Reads the settings from environment variables. An empty variable counts as not set.
 *
 * @throws BootError that names every faulty setting at once
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const isSet = (name: SettingName) => (environment[name] ?? '') !== '';
  const faults = strays
    .filter(({ name, without }) => isSet(name) && !isSet(without))
    .map(({ name, without }) => `${name} must not be set without ${without}`);
  const read: ReadSetting = (name, setting) => {
    const result = setting.read(isSet(name) ? environment[name] : undefined);
    if ('value' in result) return result.value;
    faults.push(`${name} ${result.fault}`);
    return undefined;
  };
  const heartbeatIntervalMs = read('HEARTBEAT_INTERVAL_MS', settings.HEARTBEAT_INTERVAL_MS) ?? 0;
  const suspectAfterMissed = read('SUSPECT_AFTER_MISSED', settings.SUSPECT_AFTER_MISSED) ?? 0;
  const offlineAfterMissed = read('OFFLINE_AFTER_MISSED', settings.OFFLINE_AFTER_MISSED);
  if (offlineAfterMissed !== undefined && offlineAfterMissed <= suspectAfterMissed) {
    faults.push(
      `OFFLINE_AFTER_MISSED must be greater than SUSPECT_AFTER_MISSED (${suspectAfterMissed}), not ${offlineAfterMissed}`,
    );
  }
  const oidcIssuer = read('OIDC_ISSUER', settings.OIDC_ISSUER);
  const oidcAudience = read('OIDC_AUDIENCE', settings.OIDC_AUDIENCE);
  if (isSet('OIDC_ISSUER') && !isSet('OIDC_AUDIENCE')) {
    faults.push(
      'OIDC_AUDIENCE must be set with OIDC_ISSUER: a token for somebody else must not open this door',
    );
  }
  const oidc = {
    algorithms: read('OIDC_ALGORITHMS', settings.OIDC_ALGORITHMS) ?? [],
    roleClaim: read('OIDC_ROLE_CLAIM', settings.OIDC_ROLE_CLAIM) ?? '',
    roles: read('OIDC_ROLES', settings.OIDC_ROLES) ?? new Map<string, Role>(),
    tenantClaim: read('OIDC_TENANT_CLAIM', settings.OIDC_TENANT_CLAIM) ?? '',
    tenants: read('OIDC_TENANTS', settings.OIDC_TENANTS) ?? new Map<string, string>(),
    clockToleranceS: read('OIDC_CLOCK_TOLERANCE_S', settings.OIDC_CLOCK_TOLERANCE_S) ?? 0,
  };
  const logLevel = read('LOG_LEVEL', settings.LOG_LEVEL) ?? '';
  const config = {
    port: read('PORT', settings.PORT) ?? 0,
    host: read('HOST', settings.HOST) ?? '',
    databaseUrl: read('DATABASE_URL', settings.DATABASE_URL),
    redisUrl: read('REDIS_URL', settings.REDIS_URL),
    dataDir: read('CHIMERA_DATA_DIR', settings.CHIMERA_DATA_DIR) ?? '',
    adminKey: read('CHIMERA_ADMIN_KEY', settings.CHIMERA_ADMIN_KEY),
    heartbeatIntervalMs,
    suspectAfterMissed,
    offlineAfterMissed: offlineAfterMissed ?? 0,
    massLossPercent: read('MASS_LOSS_PERCENT', settings.MASS_LOSS_PERCENT) ?? 0,
    massLossGraceMs:
      read('MASS_LOSS_GRACE_MS', settings.MASS_LOSS_GRACE_MS) ??
      4 * heartbeatIntervalMs * (offlineAfterMissed ?? 0),
    maxOpenTasks: read('MAX_OPEN_TASKS', settings.MAX_OPEN_TASKS) ?? 0,
    maxEventStreams: read('MAX_EVENT_STREAMS', settings.MAX_EVENT_STREAMS) ?? 0,
    maxLongPolls: read('MAX_LONG_POLLS', settings.MAX_LONG_POLLS) ?? 0,
    leaseMs: read('LEASE_MS', settings.LEASE_MS) ?? 0,
    sweepIntervalMs: read('SWEEP_INTERVAL_MS', settings.SWEEP_INTERVAL_MS) ?? 0,
    policyFourEyes: read('POLICY_FOUR_EYES', settings.POLICY_FOUR_EYES) ?? false,
    shadowRetentionDays: read('SHADOW_RETENTION_DAYS', settings.SHADOW_RETENTION_DAYS) ?? 0,
    replayThreads: read('REPLAY_THREADS', settings.REPLAY_THREADS) ?? 0,
    topicClassifier: readTopicClassifier(read),
    payloadKeys: read('CHIMERA_PAYLOAD_KEYS', settings.CHIMERA_PAYLOAD_KEYS) ?? [],
    auditSigningKey: read('AUDIT_SIGNING_KEY', settings.AUDIT_SIGNING_KEY),
    auditVerifyKeys: read('AUDIT_VERIFY_KEYS', settings.AUDIT_VERIFY_KEYS) ?? [],
    checkpointEvents: read('AUDIT_CHECKPOINT_EVENTS', settings.AUDIT_CHECKPOINT_EVENTS) ?? 0,
    checkpointMs: read('AUDIT_CHECKPOINT_MS', settings.AUDIT_CHECKPOINT_MS) ?? 0,
    checkpointFile: read('AUDIT_CHECKPOINT_FILE', settings.AUDIT_CHECKPOINT_FILE),
    checkpointWebhook: read('AUDIT_CHECKPOINT_WEBHOOK', settings.AUDIT_CHECKPOINT_WEBHOOK),
    checkpointWebhookPrivate:
      read('AUDIT_CHECKPOINT_WEBHOOK_PRIVATE', settings.AUDIT_CHECKPOINT_WEBHOOK_PRIVATE) ?? false,
    logLevel: isLogLevel(logLevel) ? logLevel : 'info',
    oidc:
      oidcIssuer === undefined || oidcAudience === undefined
        ? undefined
        : { issuer: oidcIssuer, audience: oidcAudience, ...oidc },
    rateLimitCredential: read('RATE_LIMIT_CREDENTIAL', settings.RATE_LIMIT_CREDENTIAL) ?? 0,
    rateLimitTenant: read('RATE_LIMIT_TENANT', settings.RATE_LIMIT_TENANT) ?? 0,
    loginFailuresPerMinute: read('LOGIN_FAILURES_PER_MINUTE', settings.LOGIN_FAILURES_PER_MINUTE) ?? 0,
    trustedProxies: read('TRUSTED_PROXIES', settings.TRUSTED_PROXIES) ?? [],
    corsOrigins: read('CORS_ORIGINS', settings.CORS_ORIGINS) ?? [],
    swaggerUi: read('SWAGGER_UI', settings.SWAGGER_UI) ?? true,
  };
  if (faults.length > 0) throw new BootError(`Settings: ${faults.join('; ')}.`);
  return Object.freeze(config);
}

/** Reads one setting; `undefined` for one that is not set, and for a faulty one, which is noted. */
type ReadSetting = <T>(name: SettingName, setting: Setting<T>) => T | undefined;

function readTopicClassifier(read: ReadSetting): TopicClassifierSettings | undefined {
  const url = read('TOPIC_CLASSIFIER_URL', settings.TOPIC_CLASSIFIER_URL);
  const rest = {
    key: read('TOPIC_CLASSIFIER_KEY', settings.TOPIC_CLASSIFIER_KEY),
    model: read('TOPIC_CLASSIFIER_MODEL', settings.TOPIC_CLASSIFIER_MODEL) ?? '',
    categories: read('TOPIC_CLASSIFIER_CATEGORIES', settings.TOPIC_CLASSIFIER_CATEGORIES) ?? [],
    budgetMs: read('TOPIC_CLASSIFIER_BUDGET_MS', settings.TOPIC_CLASSIFIER_BUDGET_MS) ?? 0,
    maxLength: read('TOPIC_CLASSIFIER_MAX_TEXT', settings.TOPIC_CLASSIFIER_MAX_TEXT) ?? 0,
    concurrency: read('TOPIC_CLASSIFIER_CONCURRENCY', settings.TOPIC_CLASSIFIER_CONCURRENCY) ?? 0,
  };
  return url === undefined ? undefined : Object.freeze({ url, ...rest });
}
