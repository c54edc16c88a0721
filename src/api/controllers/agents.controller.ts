import { Body, Controller, Delete, Get, Post, Put, Query } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { Caller } from '../../models/access.js';
import { Agents } from '../../services/agents.js';
import { Settings } from '../../services/settings.js';
import { TaskClaims } from '../../services/task-claims.js';
import { Cursors, type ListKind, type WirePage } from '../cursor.js';
import { AgentsQuery, ClaimBody, HeartbeatBody, RegisterAgentBody } from '../dto/agent.dto.js';
import { defaultLimit } from '../dto/page.dto.js';
import { AgentIdParam, TenantId } from '../params.js';
import { CallerOf, Undelivered } from '../request-facts.js';
import { Route } from '../route.js';
import { claimExamples, heartbeatExamples, registerExamples } from '../schemas/examples.js';
import {
  type AgentWire,
  agentWire,
  type AssignmentWire,
  assignmentWire,
  type HeartbeatWire,
} from '../views.js';

const agentList: ListKind = { name: 'agents', position: ['agentId'] };

@ApiTags('Agents')
@Controller('v1/tenants/:tenantId/agents')
export class AgentsController {
  constructor(
    private readonly agents: Agents,
    private readonly claims: TaskClaims,
    private readonly settings: Settings,
  ) {}

  @Put(':agentId')
  @ApiBody({ type: RegisterAgentBody, examples: registerExamples })
  @Route({ summary: 'Register an agent, or register it again', needs: 'agent:act', answers: 'Agent' })
  async register(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @AgentIdParam() agentId: string,
    @Body() body: RegisterAgentBody,
  ): Promise<AgentWire> {
    return agentWire(await this.agents.register(caller, tenantId, agentId, body));
  }

  @Post(':agentId/heartbeat')
  @ApiBody({ type: HeartbeatBody, examples: heartbeatExamples })
  @Route({
    summary: 'Give a sign of life; renews the leases',
    description:
      'Half-spent leases are renewed: all of them, or those of `taskIds` where that is sent. Drop what is in `cancelledTaskIds`.',
    needs: 'agent:act',
    answers: 'Heartbeat',
    refuses: ['AGENT_NOT_REGISTERED'],
  })
  async heartbeat(
    @TenantId() tenantId: string,
    @AgentIdParam() agentId: string,
    @Body() body: HeartbeatBody,
  ): Promise<HeartbeatWire> {
    const { heartbeatIntervalMs } = this.settings;
    const pulse = await this.agents.heartbeat(tenantId, agentId, body.status, body.metrics, body.taskIds);
    return {
      status: pulse.status,
      lastSeen: pulse.lastSeen,
      heartbeatIntervalMs,
      paused: pulse.paused,
      ...pulse.work,
    };
  }

  @Get()
  @Route({ summary: 'List agents', needs: 'agent:list', answers: 'AgentPage', refuses: ['INVALID_CURSOR'] })
  async list(@TenantId() tenantId: string, @Query() query: AgentsQuery): Promise<WirePage<AgentWire>> {
    const { limit = defaultLimit, cursor, ...filter } = query;
    const cursors = new Cursors(agentList, tenantId, filter);
    return cursors.page(await this.agents.list(tenantId, filter, cursors.request(limit, cursor)), agentWire);
  }

  @Get(':agentId')
  @Route({ summary: 'Show an agent', needs: 'agent:read', answers: 'Agent', refuses: ['AGENT_NOT_FOUND'] })
  async get(@TenantId() tenantId: string, @AgentIdParam() agentId: string): Promise<AgentWire> {
    return agentWire(await this.agents.get(tenantId, agentId));
  }

  @Post(':agentId/pause')
  @Route({
    summary: 'Pause an agent: it gets no work',
    needs: 'agent:control',
    answers: 'Agent',
    refuses: ['AGENT_NOT_FOUND'],
  })
  async pause(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @AgentIdParam() agentId: string,
  ): Promise<AgentWire> {
    return agentWire(await this.agents.setPaused(caller, tenantId, agentId, true));
  }

  @Post(':agentId/resume')
  @Route({
    summary: 'Let a paused agent work again',
    needs: 'agent:control',
    answers: 'Agent',
    refuses: ['AGENT_NOT_FOUND'],
  })
  async resume(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @AgentIdParam() agentId: string,
  ): Promise<AgentWire> {
    return agentWire(await this.agents.setPaused(caller, tenantId, agentId, false));
  }

  @Delete(':agentId')
  @Route({
    summary: 'Take an agent out of the fleet',
    description: 'Its leases end and their tasks go back to the queue at once.',
    needs: 'agent:remove',
    status: 204,
    refuses: ['AGENT_NOT_FOUND'],
  })
  remove(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @AgentIdParam() agentId: string,
  ): Promise<void> {
    return this.agents.remove(caller, tenantId, agentId);
  }

  @Post(':agentId/claims')
  @ApiBody({ type: ClaimBody, required: false, examples: claimExamples })
  @Route({
    summary: 'Ask for work; waits for it',
    description:
      'Answers as soon as there is work, or with none after `waitMs`. Each assignment is under a lease of its own.',
    needs: 'agent:act',
    answers: 'Assignments',
    refuses: ['AGENT_NOT_REGISTERED'],
  })
  async claim(
    @TenantId() tenantId: string,
    @AgentIdParam() agentId: string,
    @Body() { maxTasks = 1, waitMs = 0, kinds }: ClaimBody,
    @Undelivered() undelivered: AbortSignal,
  ): Promise<{ items: AssignmentWire[] }> {
    const assignments = await this.claims.claim(tenantId, agentId, { maxTasks, waitMs, kinds }, undelivered);
    return { items: assignments.map(assignmentWire) };
  }
}
