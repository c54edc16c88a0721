import { Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { Agent, HeartbeatStatus, Liveness } from '../../models/agent.js';
import { DomainError } from '../../models/errors.js';
import type { Silence } from '../../models/fleet-brake.js';
import type { JsonValue } from '../../models/json.js';
import { type Page, pageOf, type PageRequest } from '../../models/page.js';
import type { AgentCounts } from '../../ports/records.js';
import {
  type Departure,
  type Pulse,
  type RegistryEntry,
  type RegistryFilter,
  RegistryPort,
} from '../../ports/registry.js';
import { Batcher, type Outcome } from '../batcher.js';
import { agentOf, entryAt, type StoredEntry, type StoredFacts } from '../registry-entry.js';
import {
  agentsScript,
  countsScript,
  departuresScript,
  findScript,
  heartbeatScript,
  listScript,
  putScript,
  removeScript,
  restoreScript,
  settleScript,
  silenceScript,
} from './registry-scripts.js';
import type { Script } from './script.js';

interface Named {
  readonly tenantId: string;
  readonly agentId: string;
}

interface Beat extends Named {
  readonly status: HeartbeatStatus;
  readonly metrics: JsonValue | undefined;
}

/** How many agents one round trip lists as OFFLINE, and how many it looks at: Redis does nothing else meanwhile. */
const mostToFile = 1_000;
const mostToLookAt = 5_000;

/** How many agents share a round trip. */
const limits = { store: 'registry', maxBatch: 500, maxWaiting: 20_000 } as const;

const tenantsKey = 'chimera:registry:tenants';
const wholeKey = 'chimera:registry:whole';

const baseOf = (tenantId: string) => `chimera:registry:{${tenantId}}`;

/** The registry on Redis. Heartbeats that arrive together are one call a tenant. */
@Injectable()
export class RedisRegistry extends RegistryPort {
  private readonly beats = new Batcher<Beat, Pulse | undefined>((beats) => this.noteBeats(beats), limits);
  private readonly agents = new Batcher<Named, Agent | undefined>((names) => this.agentsOf(names), limits);

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
    await this.call(() => this.redis.sadd(tenantsKey, agent.tenantId));
    const fields = fieldsOf(agent);
    const reply = await this.script(putScript, agent.tenantId, [...fields, seen ? '1' : '0']);
    return this.entry(texts(reply));
  }

  async restore(tenantId: string, agents: readonly Agent[]): Promise<readonly string[]> {
    await this.call(() => this.redis.sadd(tenantsKey, tenantId));
    return texts(await this.script(restoreScript, tenantId, agents.flatMap(fieldsOf)));
  }

  async isWhole(): Promise<boolean> {
    return (await this.call(() => this.redis.exists(wholeKey))) === 1;
  }

  async markWhole(): Promise<void> {
    await this.call(() => this.redis.set(wholeKey, '1'));
  }

  heartbeat(
    tenantId: string,
    agentId: string,
    status: HeartbeatStatus,
    metrics: JsonValue | undefined,
  ): Promise<Pulse | undefined> {
    return this.beats.submit({ tenantId, agentId, status, metrics });
  }

  agent(tenantId: string, agentId: string): Promise<Agent | undefined> {
    return this.agents.submit({ tenantId, agentId });
  }

  async find(tenantId: string, agentId: string): Promise<RegistryEntry | undefined> {
    const reply = await this.script(findScript, tenantId, [agentId]);
    return reply === null ? undefined : this.entry(texts(reply));
  }

  async list(
    tenantId: string,
    { status, capability }: RegistryFilter,
    page: PageRequest,
  ): Promise<Page<RegistryEntry>> {
    const found: RegistryEntry[] = [];
    let from = page.after?.[0] === undefined ? '' : String(page.after[0]);
    for (;;) {
      const wanted = page.limit + 1 - found.length;
      const filter = [status ?? '', capability ?? '', this.liveness.offlineAfterMs];
      const parameters = [from, wanted, ...filter, mostToFile, mostToLookAt];
      const [now = '', again, stop = '', ended, ...fields] = texts(
        await this.script(listScript, tenantId, parameters),
      );
      if (again === '1') continue;
      for (let index = 0; index < fields.length; index += 5) {
        if (fields[index]) found.push(this.entry([...fields.slice(index, index + 5), now]));
      }
      if (found.length > page.limit || ended !== '0') break;
      from = stop;
    }
    return pageOf(found, page.limit, ({ agent }) => [agent.agentId]);
  }

  async remove(tenantId: string, agentId: string): Promise<void> {
    await this.script(removeScript, tenantId, [agentId]);
  }

  async counts(tenantId: string): Promise<AgentCounts> {
    for (;;) {
      const reply = await this.script(countsScript, tenantId, [this.liveness.offlineAfterMs, mostToFile]);
      if (reply === null) continue;
      const [ACTIVE = 0, IDLE = 0, BUSY = 0, OFFLINE = 0, paused = 0] = texts(reply).map(Number);
      return { ACTIVE, IDLE, BUSY, OFFLINE, paused };
    }
  }

  async silence(): Promise<readonly Silence[]> {
    const tenantIds = await this.call(() => this.redis.smembers(tenantsKey));
    const silences = await Promise.all(
      tenantIds.map(async (tenantId) => {
        const reply = await this.script(silenceScript, tenantId, [this.liveness.suspectAfterMs]);
        const [silent = 0, expected = 0] = texts(reply).map(Number);
        return { tenantId, silent, expected };
      }),
    );
    return silences.filter(({ silent }) => silent > 0);
  }

  async departures(tenantId: string, sparing: boolean, limit: number): Promise<readonly Departure[]> {
    const { suspectAfterMs, offlineAfterMs } = this.liveness;
    const parameters = [suspectAfterMs, offlineAfterMs, sparing ? '1' : '0', limit];
    const flat = texts(await this.script(departuresScript, tenantId, parameters));
    const gone: Departure[] = [];
    for (let index = 0; index < flat.length; index += 3) {
      const [agentId = '', state, since] = flat.slice(index, index + 3);
      gone.push({
        agentId,
        state: state === 'SUSPECT' ? 'SUSPECT' : 'OFFLINE',
        silentSince: Number(since),
      });
    }
    return gone;
  }

  async settle(tenantId: string, departures: readonly Departure[]): Promise<readonly string[]> {
    const flat = departures.flatMap(({ agentId, state, silentSince }) => [agentId, state, silentSince]);
    return texts(await this.script(settleScript, tenantId, flat));
  }

  private async noteBeats(beats: readonly Beat[]): Promise<readonly Outcome<Pulse | undefined>[]> {
    return this.eachTenant(beats, async (tenantId, own) => {
      const parameters = own.flatMap(({ agentId, status, metrics }) => [
        ...[agentId, status, metrics === undefined ? '' : JSON.stringify(metrics)],
      ]);
      const [now = 0, ...answers] = texts(await this.script(heartbeatScript, tenantId, parameters)).map(
        Number,
      );
      const lastSeen = new Date(now);
      return own.map(({ status }, index) => {
        const answer = answers[index] ?? -1;
        if (answer < 0) return undefined;
        return { status, lastSeen, paused: answer % 2 === 1, returned: answer >= 2 };
      });
    });
  }

  private async agentsOf(names: readonly Named[]): Promise<readonly Outcome<Agent | undefined>[]> {
    return this.eachTenant(names, async (tenantId, own) => {
      const ids = own.map(({ agentId }) => agentId);
      const found = texts(await this.script(agentsScript, tenantId, ids));
      return found.map((facts) => (facts === '' ? undefined : agentOf(JSON.parse(facts) as StoredFacts)));
    });
  }

  /** Asks once for each tenant's part of a batch, all at the same time; a part that fails fails alone. */
  private async eachTenant<I extends Named, R>(
    items: readonly I[],
    ask: (tenantId: string, own: readonly I[]) => Promise<readonly R[]>,
  ): Promise<readonly Outcome<R>[]> {
    const outcomes = new Map<I, Outcome<R>>();
    await Promise.all(
      [...Map.groupBy(items, ({ tenantId }) => tenantId)].map(async ([tenantId, own]) => {
        try {
          const answers = await ask(tenantId, own);
          for (const [index, value] of answers.entries()) {
            const item = own[index];
            if (item) outcomes.set(item, { value });
          }
        } catch (error) {
          for (const item of own) outcomes.set(item, { error });
        }
      }),
    );
    return items.map((item) => outcomes.get(item) ?? { error: new Error('The registry gave no answer.') });
  }

  /** From facts, status, lastSeen, metrics, told, now. */
  private entry([facts, status, lastSeen, metrics, told, now]: readonly string[]): RegistryEntry {
    const stored: StoredEntry = {
      facts: JSON.parse(facts ?? '') as StoredFacts,
      status: status === 'ACTIVE' || status === 'BUSY' ? status : 'IDLE',
      lastSeen: Number(lastSeen),
      metrics: JSON.parse(metrics ?? 'null') as JsonValue,
      unheard: told === 'RESTORED',
    };
    return entryAt(stored, Number(now), this.liveness.offlineAfterMs);
  }

  private script(script: Script, tenantId: string, parameters: readonly (string | number)[]) {
    return this.call(() => script.run(this.redis, baseOf(tenantId), parameters));
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

/** As the scripts take an agent: id, facts, paused, kinds, registeredAt. */
function fieldsOf(agent: Agent): [string, string, string, string, string] {
  const { agentId, paused, capabilities, registeredAt } = agent;
  return [
    agentId,
    JSON.stringify(agent),
    paused ? '1' : '0',
    JSON.stringify(capabilities),
    String(registeredAt.getTime()),
  ];
}

function texts(reply: unknown): string[] {
  if (!Array.isArray(reply)) return [];
  return reply.map((value: unknown) => (typeof value === 'string' ? value : String(Number(value))));
}
