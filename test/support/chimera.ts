import { randomBytes } from 'node:crypto';
import type { TenantRole } from '../../src/models/access.js';
import type { Config } from '../../src/config.js';
import { type Server, startServer } from '../../src/server.js';
import { createDatabase, createRedis, type TestDatabase, type TestRedis } from './servers.js';
import { type Answer, Client, textOf } from './client.js';

/** The two ways to run: everything on PostgreSQL, or registry and queues on Redis. */
export const modes = ['postgres', 'redis'] as const;
export type Mode = (typeof modes)[number];

export const adminKey = 'test-admin-key-of-more-than-32-characters';

/** A store of its own, on which one or more servers can run. */
export interface TestStore {
  readonly config: Config;
  /** Starts a server in this process. It is stopped with the store, unless it was stopped before. */
  start(overrides?: Partial<Config>): Promise<Server>;
  /** Stops its servers and removes its databases. */
  drop(): Promise<void>;
}

/** Leases, heartbeats and sweeps are short, so that time-outs come while a test is looking. */
const testConfig: Config = {
  port: 0,
  host: '127.0.0.1',
  databaseUrl: undefined,
  redisUrl: undefined,
  dataDir: '.chimera',
  adminKey,
  heartbeatIntervalMs: 5_000,
  suspectAfterMissed: 3,
  offlineAfterMissed: 6,
  massLossPercent: 15,
  massLossGraceMs: 120_000,
  maxOpenTasks: 1_000_000,
  maxEventStreams: 1_000,
  maxLongPolls: 12_000,
  leaseMs: 30_000,
  sweepIntervalMs: 100,
  policyFourEyes: false,
  shadowRetentionDays: 30,
  // Jest transforms what it imports itself, and not what a thread loads.
  replayThreads: 0,
  topicClassifier: undefined,
  payloadKeys: [`test:${Buffer.alloc(32, 'payload').toString('base64')}`],
  // One key for all, and none made in the checkout.
  auditSigningKey: Buffer.alloc(32, 'audit').toString('base64'),
  auditVerifyKeys: [],
  // Nothing is sealed behind a test's back.
  checkpointEvents: 1_000_000,
  checkpointMs: 86_400_000,
  checkpointFile: undefined,
  checkpointWebhook: undefined,
  checkpointWebhookPrivate: false,
  logLevel: 'silent',
  oidc: undefined,
  rateLimitCredential: 0,
  rateLimitTenant: 0,
  // Tests send many an unknown key from one address.
  loginFailuresPerMinute: 0,
  trustedProxies: [],
  corsOrigins: [],
  swaggerUi: true,
};

export async function createStore(mode: Mode, overrides: Partial<Config> = {}): Promise<TestStore> {
  const database: TestDatabase = await createDatabase();
  const redis: TestRedis | undefined = mode === 'redis' ? await createRedis() : undefined;
  const config = { ...testConfig, databaseUrl: database.url, redisUrl: redis?.url, ...overrides };
  const running = new Set<Server>();
  return {
    config,
    async start(more = {}) {
      const server = await startServer({ ...config, ...more });
      const tracked = {
        ...server,
        stop: async () => {
          if (running.delete(tracked)) await server.stop();
        },
      };
      running.add(tracked);
      return tracked;
    },
    async drop() {
      await Promise.all([...running].map((server) => server.stop()));
      await database.drop();
      await redis?.drop();
    },
  };
}

/** A tenant with one client for each role. */
export interface TestTenant {
  readonly tenantId: string;
  /** `/v1/tenants/{tenantId}` */
  readonly path: string;
  readonly admin: Client;
  readonly operator: Client;
  readonly submitter: Client;
  readonly agent: Client;
  readonly auditor: Client;
  /** A further client with a key of its own. */
  client(role: TenantRole): Promise<Client>;
}

/** Makes a new tenant through the API. */
export async function createTenant(url: string): Promise<TestTenant> {
  const admin = new Client(url, adminKey);
  const tenantId = `t_${randomBytes(6).toString('hex')}`;
  const path = `/v1/tenants/${tenantId}`;
  mustBe(201, await admin.post('/v1/tenants', { tenantId, name: 'A tenant of a test' }));
  const client = async (role: TenantRole) => {
    const answer = mustBe(201, await admin.post(`${path}/api-keys`, { name: role.toLowerCase(), role }));
    return new Client(url, textOf(answer.body.key));
  };
  const [operator, submitter, agent, auditor] = await Promise.all([
    client('OPERATOR'),
    client('SUBMITTER'),
    client('AGENT'),
    client('AUDITOR'),
  ]);
  return { tenantId, path, admin, operator, submitter, agent, auditor, client };
}

/** The answer, if it has this status; what was said instead, if not. */
export function mustBe(status: number, answer: Answer): Answer {
  if (answer.status === status) return answer;
  throw new Error(`Expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
}
