import { Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { Agent, AgentStatus, HeartbeatStatus, Liveness } from '../../models/agent.js';
import { DomainError } from '../../models/errors.js';
import type { JsonValue } from '../../models/json.js';
import { type Page, pageOf, type PageRequest } from '../../models/page.js';
import type { AgentCounts } from '../../ports/records.js';
import { type Departure, type Pulse, type RegistryEntry, RegistryPort } from '../../ports/registry.js';
import { entryAt, type StoredEntry } from '../registry-entry.js';
import {
  departuresScript,
  findScript,
  heartbeatScript,
  listScript,
  putScript,
  removeScript,
} from './registry-scripts.js';

/** How many entries one round trip of a list reads. */
const stride = 500;

const tenantsKey = 'chimera:tenants';

const keys = (tenantId: string) => ({
  agents: `chimera:{${tenantId}}:agents`,
  agentPrefix: `chimera:{${tenantId}}:agent:`,
  present: `chimera:{${tenantId}}:silence:PRESENT`,
  suspect: `chimera:{${tenantId}}:silence:SUSPECT`,
});

/** The registry on Redis. */
@Injectable()
export class RedisRegistry extends RegistryPort {
  constructor(
    private readonly redis: Redis,
    private readonly liveness: Liveness,
  ) {
    super();
  }

  async ping(): Promise<void> {
    await this.call(() => this.redis.ping());
  }

  async put(agent: Agent, seen: boolean): Promise<RegistryEntry> {
    const { agents, agentPrefix, present, suspect } = keys(agent.tenantId);
    await this.call(() => this.redis.sadd(tenantsKey, agent.tenantId));
    const reply = await this.script(
      putScript,
      [agents, agentPrefix + agent.agentId, present, suspect],
      [agent.agentId, JSON.stringify(agent), seen ? '1' : '0'],
    );
    const [status, lastSeen, metrics, now] = texts(reply);
    const stored = storedEntry(JSON.stringify(agent), status, lastSeen, metrics);
    return entryAt(stored, Number(now), this.liveness.offlineAfterMs);
  }

  async heartbeat(
    tenantId: string,
    agentId: string,
    status: HeartbeatStatus,
    metrics: JsonValue | undefined,
  ): Promise<Pulse | undefined> {
    const { agentPrefix, present, suspect } = keys(tenantId);
    const reply = await this.script(
      heartbeatScript,
      [agentPrefix + agentId, present, suspect],
      [agentId, status, metrics === undefined ? '' : JSON.stringify(metrics)],
    );
    if (reply === null) return undefined;
    const [facts, lastSeen, kept, livenessBefore] = texts(reply);
    return {
      ...entryAt(storedEntry(facts, status, lastSeen, kept), Number(lastSeen), this.liveness.offlineAfterMs),
      returned: livenessBefore !== 'PRESENT',
    };
  }

  async find(tenantId: string, agentId: string): Promise<RegistryEntry | undefined> {
    const reply = await this.script(findScript, [keys(tenantId).agentPrefix + agentId], []);
    if (reply === null) return undefined;
    const [facts, status, lastSeen, metrics, now] = texts(reply);
    return entryAt(storedEntry(facts, status, lastSeen, metrics), Number(now), this.liveness.offlineAfterMs);
  }

  async list(
    tenantId: string,
    filter: { status?: AgentStatus | undefined; capability?: string | undefined },
    page: PageRequest,
  ): Promise<Page<RegistryEntry>> {
    const found: RegistryEntry[] = [];
    let after = page.after?.[0] === undefined ? '' : String(page.after[0]);
    while (found.length <= page.limit) {
      const entries = await this.stretch(tenantId, after);
      found.push(...entries.filter((entry) => matches(entry, filter)));
      const last = entries.at(-1);
      if (!last || entries.length < stride) break;
      after = last.agent.agentId;
    }
    return pageOf(found, page.limit, ({ agent }) => [agent.agentId]);
  }

  async remove(tenantId: string, agentId: string): Promise<void> {
    const { agents, agentPrefix, present, suspect } = keys(tenantId);
    await this.script(removeScript, [agents, agentPrefix + agentId, present, suspect], [agentId]);
  }

  async counts(tenantId: string): Promise<AgentCounts> {
    const counts = { ACTIVE: 0, IDLE: 0, BUSY: 0, OFFLINE: 0, paused: 0 };
    for (let after = ''; ;) {
      const entries = await this.stretch(tenantId, after);
      for (const { agent, presence } of entries) {
        counts[presence.status] += 1;
        if (agent.paused) counts.paused += 1;
      }
      const last = entries.at(-1);
      if (!last || entries.length < stride) return counts;
      after = last.agent.agentId;
    }
  }

  async departures(limit: number): Promise<readonly Departure[]> {
    const departures: Departure[] = [];
    for (const tenantId of await this.call(() => this.redis.smembers(tenantsKey))) {
      const { agentPrefix, present, suspect } = keys(tenantId);
      const { suspectAfterMs, offlineAfterMs } = this.liveness;
      const reply = await this.script(
        departuresScript,
        [present, suspect],
        [agentPrefix, String(suspectAfterMs), String(offlineAfterMs), String(limit - departures.length)],
      );
      const flat = texts(reply);
      for (let index = 0; index < flat.length; index += 2) {
        const state = flat[index + 1] === 'SUSPECT' ? 'SUSPECT' : 'OFFLINE';
        departures.push({ tenantId, agentId: flat[index] ?? '', state });
      }
      if (departures.length >= limit) break;
    }
    return departures;
  }

  private async stretch(tenantId: string, after: string): Promise<readonly RegistryEntry[]> {
    const { agents, agentPrefix, present, suspect } = keys(tenantId);
    const reply = await this.script(
      listScript,
      [agents, present, suspect],
      [agentPrefix, after, String(stride)],
    );
    const [now, ...fields] = texts(reply);
    const entries: RegistryEntry[] = [];
    for (let index = 0; index < fields.length; index += 4) {
      const [facts, status, lastSeen, metrics] = fields.slice(index, index + 4);
      if (!facts) continue;
      entries.push(
        entryAt(storedEntry(facts, status, lastSeen, metrics), Number(now), this.liveness.offlineAfterMs),
      );
    }
    return entries;
  }

  private script(source: string, scriptKeys: string[], parameters: string[]): Promise<unknown> {
    return this.call(() => this.redis.eval(source, scriptKeys.length, ...scriptKeys, ...parameters));
  }

  private async call<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } catch (error) {
      throw new DomainError('UNAVAILABLE', 'The registry (Redis) cannot be reached. Try again shortly.', {
        cause: error,
      });
    }
  }
}

function texts(reply: unknown): string[] {
  if (!Array.isArray(reply)) return [];
  return reply.map((value: unknown) => (typeof value === 'string' ? value : String(Number(value))));
}

function storedEntry(facts = '', status = '', lastSeen = '', metrics = ''): StoredEntry {
  const parsed = JSON.parse(facts) as StoredEntry['facts'];
  const known = JSON.parse(metrics || 'null') as JsonValue;
  const said: HeartbeatStatus = status === 'ACTIVE' || status === 'BUSY' ? status : 'IDLE';
  return { facts: parsed, status: said, lastSeen: Number(lastSeen), metrics: known };
}

function matches(
  { agent, presence }: RegistryEntry,
  { status, capability }: { status?: AgentStatus | undefined; capability?: string | undefined },
): boolean {
  return (
    (status === undefined || presence.status === status) &&
    (capability === undefined || agent.capabilities.includes(capability))
  );
}
