import { Injectable } from '@nestjs/common';
import type { Caller } from '../models/access.js';
import type { Agent, AgentRole, HeartbeatStatus } from '../models/agent.js';
import { DomainError } from '../models/errors.js';
import type { JsonObject, JsonValue } from '../models/json.js';
import type { Page, PageRequest } from '../models/page.js';
import { LedgerPort } from '../ports/ledger.js';
import { type AgentWork, RecordsPort } from '../ports/records.js';
import { type Pulse, type RegistryEntry, type RegistryFilter, RegistryPort } from '../ports/registry.js';
import { WatchPort } from '../ports/watch.js';
import { actorOf, agentActor } from './actor.js';
import { LeaseRecovery } from './lease-recovery.js';
import { agentNotFound } from './refusals.js';
import { expelRemoved } from './removed-agents.js';

/** An agent's own description of itself. */
export interface AgentRegistration {
  readonly name?: string | undefined;
  readonly role?: AgentRole | undefined;
  readonly version?: string | undefined;
  readonly capabilities: readonly string[];
  readonly maxConcurrentTasks?: number | undefined;
  readonly metadata?: JsonObject | undefined;
}

export type { AgentWork };

/** An agent, and the tasks in its hands. */
export interface AgentView extends RegistryEntry {
  readonly currentTaskIds: readonly string[];
}

const defaultMaxConcurrentTasks = 100;

/** Keeps the fleet: who belongs to it, who is there, who may work. */
@Injectable()
export class Agents {
  constructor(
    private readonly ledger: LedgerPort,
    private readonly registry: RegistryPort,
    private readonly records: RecordsPort,
    private readonly watch: WatchPort,
    private readonly leaseRecovery: LeaseRecovery,
  ) {}

  /** Registers the agent, or replaces what is known of it. A pause outlasts a new registration. */
  async register(
    caller: Caller,
    tenantId: string,
    agentId: string,
    registration: AgentRegistration,
  ): Promise<AgentView> {
    const agent = await this.ledger.transact({
      tenantId,
      needs: { agents: [agentId] },
      decide: (view) => {
        const before = view.get('agent', agentId);
        const known = before?.removed ? undefined : before;
        const next: Agent = {
          tenantId,
          agentId,
          name: registration.name ?? null,
          role: registration.role ?? 'WORKER',
          agentVersion: registration.version ?? null,
          capabilities: [...new Set(registration.capabilities)],
          maxConcurrentTasks: registration.maxConcurrentTasks ?? defaultMaxConcurrentTasks,
          metadata: registration.metadata ?? {},
          paused: known?.paused ?? false,
          removed: false,
          registeredAt: known?.registeredAt ?? view.now,
          version: (before?.version ?? 0) + 1,
        };
        view.put('agent', next);
        view.record({
          type: 'agent.registered',
          actor: actorOf(caller),
          agentId,
          payload: { role: next.role, capabilities: [...next.capabilities], version: next.agentVersion },
        });
        return next;
      },
    });
    return this.enter(agent, true);
  }

  /**
   * Notes a sign of life and renews the agent's leases.
   *
   * @throws DomainError `AGENT_NOT_REGISTERED`
   */
  async heartbeat(
    tenantId: string,
    agentId: string,
    status: HeartbeatStatus,
    metrics: JsonValue | undefined,
    inHand?: readonly string[],
  ): Promise<Pulse & { work: AgentWork }> {
    const pulse = await this.pulse(tenantId, agentId, status, metrics);
    if (pulse.returned) {
      await this.ledger.transact({
        tenantId,
        needs: {},
        decide: (view) => {
          view.record({ type: 'agent.back', actor: agentActor(agentId), agentId });
        },
      });
    }
    return { ...pulse, work: await this.records.workOf(tenantId, agentId, inHand) };
  }

  /**
   * The agent's facts as the registry has them, restored from the record when the registry has lost them.
   *
   * @throws DomainError `AGENT_NOT_REGISTERED`
   */
  async present(tenantId: string, agentId: string): Promise<{ readonly agent: Agent }> {
    const agent = await this.registry.agent(tenantId, agentId);
    return { agent: agent ?? (await this.restore(tenantId, agentId)) };
  }

  /** How many tasks the agent has in hand. */
  async heldBy({ tenantId, agentId }: Agent): Promise<number> {
    const held = await this.records.heldTasks(tenantId, [agentId]);
    return held.get(agentId)?.length ?? 0;
  }

  /** @throws DomainError `AGENT_NOT_FOUND` */
  async get(tenantId: string, agentId: string): Promise<AgentView> {
    const known = await this.registry.find(tenantId, agentId);
    if (known) return this.withTasks(known);
    try {
      await this.restore(tenantId, agentId);
    } catch (error) {
      if (error instanceof DomainError && error.code === 'AGENT_NOT_REGISTERED') throw agentNotFound(agentId);
      throw error;
    }
    const restored = await this.registry.find(tenantId, agentId);
    if (!restored) throw agentNotFound(agentId);
    return this.withTasks(restored);
  }

  async list(tenantId: string, filter: RegistryFilter, page: PageRequest): Promise<Page<AgentView>> {
    const { items, next } = await this.registry.list(tenantId, filter, page);
    const held = await this.records.heldTasks(
      tenantId,
      items.map(({ agent }) => agent.agentId),
    );
    return {
      items: items.map((entry) => ({ ...entry, currentTaskIds: held.get(entry.agent.agentId) ?? [] })),
      next,
    };
  }

  /**
   * A paused agent gets no work and is told so in its heartbeat's answer; what it has in hand it may finish.
   *
   * @throws DomainError `AGENT_NOT_FOUND`
   */
  async setPaused(caller: Caller, tenantId: string, agentId: string, paused: boolean): Promise<AgentView> {
    const agent = await this.ledger.transact({
      tenantId,
      needs: { agents: [agentId] },
      decide: (view) => {
        const known = view.get('agent', agentId);
        if (!known || known.removed) throw agentNotFound(agentId);
        if (known.paused === paused) return known;
        const next = { ...known, paused, version: known.version + 1 };
        view.put('agent', next);
        view.record({ type: paused ? 'agent.paused' : 'agent.resumed', actor: actorOf(caller), agentId });
        return next;
      },
    });
    return this.enter(agent, false);
  }

  /**
   * Takes the agent out of the fleet. Its leases end, and their tasks go back to the queue at once.
   *
   * @throws DomainError `AGENT_NOT_FOUND`
   */
  async remove(caller: Caller, tenantId: string, agentId: string): Promise<void> {
    // Before the record: while the registry is away nothing changes, and the call can be made again.
    await this.registry.remove(tenantId, agentId);
    await this.ledger.transact({
      tenantId,
      needs: { agents: [agentId] },
      decide: (view) => {
        const known = view.get('agent', agentId);
        if (!known || known.removed) throw agentNotFound(agentId);
        view.put('agent', { ...known, removed: true, version: known.version + 1 });
        view.record({ type: 'agent.removed', actor: actorOf(caller), agentId });
      },
    });
    // After it: a heartbeat in between may have entered the agent again.
    await this.registry.remove(tenantId, agentId);
    await this.leaseRecovery.takeBack(tenantId, agentId, 'AGENT_REMOVED');
  }

  private async pulse(
    tenantId: string,
    agentId: string,
    status: HeartbeatStatus,
    metrics: JsonValue | undefined,
  ): Promise<Pulse> {
    const pulse = await this.registry.heartbeat(tenantId, agentId, status, metrics);
    if (pulse) return pulse;
    await this.restore(tenantId, agentId);
    const restored = await this.registry.heartbeat(tenantId, agentId, status, metrics);
    if (!restored) throw notRegistered(agentId);
    return restored;
  }

  private async restore(tenantId: string, agentId: string): Promise<Agent> {
    const agent = await this.records.find('agent', tenantId, agentId);
    if (!agent || agent.removed) throw notRegistered(agentId);
    await this.registry.restore(tenantId, [agent]);
    const removed = await expelRemoved(this.registry, this.watch, tenantId, [agentId]);
    if (removed.length > 0) throw notRegistered(agentId);
    return agent;
  }

  private async enter(agent: Agent, seen: boolean): Promise<AgentView> {
    const entry = await this.registry.put(agent, seen);
    const { tenantId, agentId } = agent;
    const [view] = await Promise.all([
      this.withTasks(entry),
      expelRemoved(this.registry, this.watch, tenantId, [agentId]),
    ]);
    return view;
  }

  private async withTasks(entry: RegistryEntry): Promise<AgentView> {
    const { tenantId, agentId } = entry.agent;
    const held = await this.records.heldTasks(tenantId, [agentId]);
    return { ...entry, currentTaskIds: held.get(agentId) ?? [] };
  }
}

function notRegistered(agentId: string): DomainError {
  return new DomainError(
    'AGENT_NOT_REGISTERED',
    `Agent ${agentId} is not registered. Register it with PUT and go on.`,
  );
}
