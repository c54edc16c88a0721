import { describe, expect, it } from '@jest/globals';
import { type Config, readConfig, settings } from '../../src/config.js';
import { privateKeyFrom, publicJwkOf } from '../../src/models/signing-key.js';
import { BootError } from '../../src/models/boot-error.js';

describe('the configuration', () => {
  it('has a default for everything', () => {
    expect(readConfig({})).toEqual({
      port: 3000,
      host: '127.0.0.1',
      databaseUrl: undefined,
      redisUrl: undefined,
      dataDir: '.chimera',
      adminKey: undefined,
      heartbeatIntervalMs: 5_000,
      suspectAfterMissed: 3,
      offlineAfterMissed: 6,
      massLossPercent: 15,
      massLossGraceMs: 120_000,
      maxOpenTasks: 1_000_000,
      maxEventStreams: 1_000,
      maxLongPolls: 12_000,
      leaseMs: 60_000,
      sweepIntervalMs: 500,
      policyFourEyes: false,
      shadowRetentionDays: 30,
      replayThreads: 2,
      topicClassifier: undefined,
      payloadKeys: [],
      auditSigningKey: undefined,
      auditVerifyKeys: [],
      checkpointEvents: 1_000,
      checkpointMs: 60_000,
      checkpointFile: undefined,
      checkpointWebhook: undefined,
      checkpointWebhookPrivate: false,
      logLevel: 'info',
      oidc: undefined,
      rateLimitCredential: 10_000,
      rateLimitTenant: 20_000,
      loginFailuresPerMinute: 100,
      trustedProxies: [],
      corsOrigins: [],
      swaggerUi: true,
    } satisfies Config);
  });

  it('is read from the environment, and does not change any more', () => {
    const adminKey = 'k'.repeat(32);
    const seed = Buffer.alloc(32, 7).toString('base64');
    const payloadKey = `new:${Buffer.alloc(32, 7).toString('base64')}`;
    const publicKey = publicJwkOf(privateKeyFrom(seed)).x;
    const config = readConfig({
      PORT: '8080',
      HOST: '::',
      DATABASE_URL: 'postgresql://user:word@db.example:5433/chimera?sslmode=require',
      REDIS_URL: 'rediss://cache.example/3',
      CHIMERA_DATA_DIR: '/var/lib/chimera',
      CHIMERA_ADMIN_KEY: adminKey,
      HEARTBEAT_INTERVAL_MS: '100',
      SUSPECT_AFTER_MISSED: '2',
      OFFLINE_AFTER_MISSED: '3',
      MASS_LOSS_PERCENT: '100',
      MASS_LOSS_GRACE_MS: '2500',
      MAX_OPEN_TASKS: '1',
      MAX_EVENT_STREAMS: '2',
      MAX_LONG_POLLS: '3',
      LEASE_MS: '500',
      SWEEP_INTERVAL_MS: '20',
      POLICY_FOUR_EYES: 'on',
      SHADOW_RETENTION_DAYS: '7',
      REPLAY_THREADS: '0',
      TOPIC_CLASSIFIER_URL: 'https://classifier.example/guard',
      TOPIC_CLASSIFIER_KEY: 'classifier-key',
      TOPIC_CLASSIFIER_MODEL: 'org/topics-2',
      TOPIC_CLASSIFIER_CATEGORIES: 'self-harm/intent:HEALTH_ADVICE:0.05, urn:law:LEGAL_CLAIMS:1.0',
      TOPIC_CLASSIFIER_BUDGET_MS: '250',
      TOPIC_CLASSIFIER_MAX_TEXT: '4096',
      TOPIC_CLASSIFIER_CONCURRENCY: '3',
      CHIMERA_PAYLOAD_KEYS: `${payloadKey}, old:${seed}`,
      AUDIT_SIGNING_KEY: seed,
      AUDIT_VERIFY_KEYS: ` ${publicKey}, ${publicKey} ,`,
      AUDIT_CHECKPOINT_EVENTS: '1',
      AUDIT_CHECKPOINT_MS: '100',
      AUDIT_CHECKPOINT_FILE: '/var/log/chimera/checkpoints.ndjson',
      AUDIT_CHECKPOINT_WEBHOOK: 'https://user:word@audit.example/chimera',
      AUDIT_CHECKPOINT_WEBHOOK_PRIVATE: 'on',
      LOG_LEVEL: 'trace',
      OIDC_ISSUER: 'https://id.example/realm',
      OIDC_AUDIENCE: 'https://chimera.example',
      OIDC_ALGORITHMS: 'PS512,EdDSA',
      OIDC_ROLE_CLAIM: '/realm_access/roles',
      OIDC_ROLES: 'chimera ops=OPERATOR, a=b=AUDITOR,root=ADMIN',
      OIDC_TENANT_CLAIM: 'tid',
      OIDC_TENANTS: '72f9=t_acme',
      OIDC_CLOCK_TOLERANCE_S: '0',
      RATE_LIMIT_CREDENTIAL: '0',
      RATE_LIMIT_TENANT: '50',
      LOGIN_FAILURES_PER_MINUTE: '7',
      TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8,::1/128,::ffff:10.0.0.0/104,fe80::1%eth0,',
      CORS_ORIGINS: 'https://desk.example,http://localhost:5173',
      SWAGGER_UI: 'off',
      UNRELATED: 'ignored',
    });
    expect(config).toEqual({
      port: 8080,
      host: '::',
      databaseUrl: 'postgresql://user:word@db.example:5433/chimera?sslmode=require',
      redisUrl: 'rediss://cache.example/3',
      dataDir: '/var/lib/chimera',
      adminKey,
      heartbeatIntervalMs: 100,
      suspectAfterMissed: 2,
      offlineAfterMissed: 3,
      massLossPercent: 100,
      massLossGraceMs: 2_500,
      maxOpenTasks: 1,
      maxEventStreams: 2,
      maxLongPolls: 3,
      leaseMs: 500,
      sweepIntervalMs: 20,
      policyFourEyes: true,
      shadowRetentionDays: 7,
      replayThreads: 0,
      topicClassifier: {
        url: 'https://classifier.example/guard',
        key: 'classifier-key',
        model: 'org/topics-2',
        categories: [
          { category: 'self-harm/intent', topic: 'HEALTH_ADVICE', threshold: 0.05 },
          { category: 'urn:law', topic: 'LEGAL_CLAIMS', threshold: 1 },
        ],
        budgetMs: 250,
        maxLength: 4_096,
        concurrency: 3,
      },
      payloadKeys: [payloadKey, `old:${seed}`],
      auditSigningKey: seed,
      auditVerifyKeys: [publicKey, publicKey],
      checkpointEvents: 1,
      checkpointMs: 100,
      checkpointFile: '/var/log/chimera/checkpoints.ndjson',
      checkpointWebhook: 'https://user:word@audit.example/chimera',
      checkpointWebhookPrivate: true,
      logLevel: 'trace',
      oidc: {
        issuer: 'https://id.example/realm',
        audience: 'https://chimera.example',
        algorithms: ['PS512', 'EdDSA'],
        roleClaim: '/realm_access/roles',
        roles: new Map([
          ['chimera ops', 'OPERATOR'],
          ['a=b', 'AUDITOR'],
          ['root', 'ADMIN'],
        ]),
        tenantClaim: 'tid',
        tenants: new Map([['72f9', 't_acme']]),
        clockToleranceS: 0,
      },
      rateLimitCredential: 0,
      rateLimitTenant: 50,
      loginFailuresPerMinute: 7,
      trustedProxies: ['127.0.0.1', '10.0.0.0/8', '::1/128', '::ffff:10.0.0.0/104', 'fe80::1%eth0'],
      corsOrigins: ['https://desk.example', 'http://localhost:5173'],
      swaggerUi: false,
    } satisfies Config);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes an empty variable as one that is not set', () => {
    const empty = Object.fromEntries(Object.keys(settings).map((name) => [name, '']));
    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  it.each([
    ['PORT', '0'],
    ['PORT', '65536'],
    ['PORT', '80.5'],
    ['PORT', ' 80'],
    ['PORT', '1e3'],
    ['PORT', '-1'],
    ['HOST', 'not a host'],
    ['HOST', 'http://localhost'],
    ['DATABASE_URL', 'mysql://localhost/chimera'],
    ['DATABASE_URL', 'localhost:5432'],
    ['DATABASE_URL', 'postgres://'],
    ['REDIS_URL', 'http://localhost:6379'],
    ['REDIS_URL', '127.0.0.1:6379'],
    ['CHIMERA_DATA_DIR', '   '],
    ['CHIMERA_ADMIN_KEY', 'short'],
    ['CHIMERA_ADMIN_KEY', `${'k'.repeat(31)} k`],
    ['CHIMERA_ADMIN_KEY', 'k'.repeat(513)],
    ['CHIMERA_ADMIN_KEY', 'ключ'.repeat(10)],
    ['HEARTBEAT_INTERVAL_MS', '99'],
    ['SUSPECT_AFTER_MISSED', '0'],
    ['OFFLINE_AFTER_MISSED', '3'],
    ['MASS_LOSS_PERCENT', '0'],
    ['MASS_LOSS_PERCENT', '101'],
    ['MASS_LOSS_GRACE_MS', '99'],
    ['LEASE_MS', 'a minute'],
    ['SWEEP_INTERVAL_MS', '60001'],
    ['POLICY_FOUR_EYES', 'yes'],
    ['SHADOW_RETENTION_DAYS', '0'],
    ['REPLAY_THREADS', '65'],
    ['TOPIC_CLASSIFIER_URL', 'file:///etc/passwd'],
    ['TOPIC_CLASSIFIER_URL', 'gopher://classifier.example'],
    ['TOPIC_CLASSIFIER_URL', 'classifier.example'],
    ['TOPIC_CLASSIFIER_URL', 'https://user:word@classifier.example'],
    ['TOPIC_CLASSIFIER_URL', 'https://classifier.example/?to=elsewhere'],
    ['TOPIC_CLASSIFIER_URL', 'https://classifier.example/#'],
    ['TOPIC_CLASSIFIER_URL', 'https://api.openai.com/v1'],
    ['TOPIC_CLASSIFIER_URL', 'https://api.openai.com/v1/moderations/'],
    ['TOPIC_CLASSIFIER_KEY', 'two words'],
    ['TOPIC_CLASSIFIER_KEY', 'line\nbreak'],
    ['TOPIC_CLASSIFIER_KEY', 'a-key-without-its-classifier'],
    ['TOPIC_CLASSIFIER_MODEL', 'a model'],
    ['TOPIC_CLASSIFIER_CATEGORIES', 'politics'],
    ['TOPIC_CLASSIFIER_CATEGORIES', 'politics:0.5'],
    ['TOPIC_CLASSIFIER_CATEGORIES', ':POLITICS:0.5'],
    ['TOPIC_CLASSIFIER_CATEGORIES', 'politics:POLITIC:0.5'],
    ['TOPIC_CLASSIFIER_CATEGORIES', 'politics:POLITICS:0'],
    ['TOPIC_CLASSIFIER_CATEGORIES', 'politics:POLITICS:0.0'],
    ['TOPIC_CLASSIFIER_CATEGORIES', 'politics:POLITICS:1.5'],
    ['TOPIC_CLASSIFIER_CATEGORIES', 'politics:POLITICS:half'],
    ['TOPIC_CLASSIFIER_CATEGORIES', 'law:POLITICS:0.5,law:LEGAL_CLAIMS:0.5'],
    ['TOPIC_CLASSIFIER_CATEGORIES', 'law:LEGAL_CLAIMS:0.5,'],
    ['TOPIC_CLASSIFIER_CATEGORIES', Array.from({ length: 65 }, (_, nth) => `c${nth}:POLITICS:0.5`).join()],
    ['TOPIC_CLASSIFIER_BUDGET_MS', '9'],
    ['TOPIC_CLASSIFIER_MAX_TEXT', '0'],
    ['TOPIC_CLASSIFIER_CONCURRENCY', '0'],
    ['CHIMERA_PAYLOAD_KEYS', 'one:short'],
    ['CHIMERA_PAYLOAD_KEYS', `plain:${Buffer.alloc(32).toString('base64')}`],
    ['AUDIT_SIGNING_KEY', 'no key'],
    ['AUDIT_SIGNING_KEY', Buffer.alloc(31).toString('base64')],
    ['AUDIT_VERIFY_KEYS', `${'A'.repeat(43)},x`],
    ['AUDIT_CHECKPOINT_EVENTS', '0'],
    ['AUDIT_CHECKPOINT_MS', '99'],
    ['AUDIT_CHECKPOINT_FILE', ' '],
    ['AUDIT_CHECKPOINT_WEBHOOK', 'ftp://audit.example'],
    ['AUDIT_CHECKPOINT_WEBHOOK_PRIVATE', 'yes'],
    ['LOG_LEVEL', 'INFO'],
    ['OIDC_ISSUER', 'http://id.example'],
    ['OIDC_ISSUER', 'https://id.example/?realm=x'],
    ['OIDC_ISSUER', 'https://user:word@id.example'],
    ['OIDC_ISSUER', 'id.example'],
    ['OIDC_AUDIENCE', 'two words'],
    ['OIDC_ALGORITHMS', 'HS256'],
    ['OIDC_ALGORITHMS', 'RS256,none'],
    ['OIDC_ALGORITHMS', ','],
    ['OIDC_AUDIENCE', 'an-audience-without-its-issuer'],
    ['OIDC_ROLE_CLAIM', 'a b'],
    ['OIDC_ROLES', 'ops'],
    ['OIDC_ROLES', 'ops=OPERATOR'],
    ['OIDC_ROLES', '=OPERATOR'],
    ['OIDC_ROLES', 'ops=BOSS'],
    ['OIDC_TENANTS', 'x=acme'],
    ['OIDC_CLOCK_TOLERANCE_S', '301'],
    ['RATE_LIMIT_CREDENTIAL', '-1'],
    ['RATE_LIMIT_TENANT', 'many'],
    ['LOGIN_FAILURES_PER_MINUTE', '1.5'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '0.0.0.0/0'],
    ['TRUSTED_PROXIES', '::/0'],
    ['TRUSTED_PROXIES', '::ffff:0:0/96'],
    ['TRUSTED_PROXIES', '::ffff:10.0.0.0/90'],
    ['TRUSTED_PROXIES', 'fe80::1%eth0.100'],
    ['TRUSTED_PROXIES', '10.0.0.0/00'],
    ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['TRUSTED_PROXIES', 'proxy.example'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://desk.example/'],
    ['SWAGGER_UI', 'true'],
  ])('refuses %s=%j in one sentence that names it', (name, value) => {
    const message = faultOf({ [name]: value });
    expect(message).toMatch(new RegExp(`^Settings: ${name} must [^\\n]*\\.$`));
  });

  it('grants a grace of four times the silence that makes an agent offline', () => {
    const { massLossGraceMs } = readConfig({ HEARTBEAT_INTERVAL_MS: '30000', OFFLINE_AFTER_MISSED: '10' });
    expect(massLossGraceMs).toBe(4 * 10 * 30_000);
  });

  it('takes no token that is meant for somebody else', () => {
    expect(faultOf({ OIDC_ISSUER: 'https://id.example' })).toContain('OIDC_AUDIENCE must be set');
    const faulty = faultOf({ OIDC_ISSUER: 'https://id.example', OIDC_AUDIENCE: 'two words' });
    expect(faulty.match(/OIDC_AUDIENCE/g)).toHaveLength(1);
    expect(readConfig({ OIDC_ISSUER: 'http://localhost:9000', OIDC_AUDIENCE: 'x' }).oidc).toEqual({
      issuer: 'http://localhost:9000',
      audience: 'x',
      algorithms: ['RS256', 'ES256', 'EdDSA'],
      roleClaim: 'chimera_role',
      roles: new Map(),
      tenantClaim: 'chimera_tenant',
      tenants: new Map(),
      clockToleranceS: 5,
    });
  });

  it('lets no agent be offline before it is suspect', () => {
    expect(faultOf({ SUSPECT_AFTER_MISSED: '6' })).toContain('greater than SUSPECT_AFTER_MISSED (6), not 6');
    expect(readConfig({ SUSPECT_AFTER_MISSED: '5' })).toMatchObject({ suspectAfterMissed: 5 });
  });

  it('never repeats what may be a secret', () => {
    const secrets = {
      DATABASE_URL: 'mysql://user:canary@localhost/chimera',
      REDIS_URL: 'http://:canary@localhost',
      CHIMERA_ADMIN_KEY: 'canary',
      TOPIC_CLASSIFIER_URL: 'https://:canary@localhost',
      TOPIC_CLASSIFIER_KEY: 'canary with spaces',
      CHIMERA_PAYLOAD_KEYS: 'canary',
      AUDIT_SIGNING_KEY: 'canary',
      AUDIT_VERIFY_KEYS: 'canary',
      AUDIT_CHECKPOINT_WEBHOOK: 'ftp://user:canary@audit.example',
    };
    expect(faultOf(secrets)).not.toContain('canary');
  });

  it('repeats what was faulty on one line of sane length', () => {
    const message = faultOf({ PORT: `1\n2\u2028${'3'.repeat(10_000)}` });
    expect(message.length).toBeLessThan(300);
    expect(message).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]+$/u);
  });

  it('names every fault at once', () => {
    const message = faultOf({ PORT: 'x', LOG_LEVEL: 'loud', REDIS_URL: 'x' });
    for (const name of ['PORT', 'LOG_LEVEL', 'REDIS_URL']) expect(message).toContain(`${name} must `);
    expect(message.split('\n')).toHaveLength(1);
    const strays = { TOPIC_CLASSIFIER_KEY: 'x', OIDC_AUDIENCE: 'x', OIDC_ROLES: 'ops=OPERATOR' };
    const all = faultOf({ PORT: 'x', ...strays });
    for (const name of Object.keys(strays)) expect(all).toContain(`${name} must not be set without`);
    expect(all).toContain('PORT must ');
  });
});

function faultOf(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof BootError) return error.message;
    throw error;
  }
  throw new Error('The settings were taken.');
}
