import { ApiPropertyOptional } from '@nestjs/swagger';
import {
  type AgentRole,
  agentRoles,
  type AgentStatus,
  agentStatuses,
  type HeartbeatStatus,
  heartbeatStatuses,
} from '../../models/agent.js';
import type { JsonObject, JsonValue } from '../../models/json.js';
import { Check, Integer, isRecord, JsonRecord, Kind, Kinds, OneOf, Text, Uuids } from './checks.js';
import { PageQuery } from './page.dto.js';

export class RegisterAgentBody {
  @Text({ description: 'For people.', example: 'Writer one', max: 200, required: false })
  name?: string;

  @OneOf(agentRoles, {
    description: 'PLANNER submits, WORKER works (the default), JUDGE gives a second opinion.',
    required: false,
  })
  role?: AgentRole;

  @Text({ description: "The agent's own version.", example: '1.4.2', max: 100, required: false })
  version?: string;

  @Kinds({ description: 'The kinds of task that it takes.', example: ['support.reply'], max: 100 })
  capabilities!: string[];

  @Integer({
    description: 'How many tasks it takes at once; 100 when left out.',
    min: 1,
    max: 100,
    required: false,
  })
  maxConcurrentTasks?: number;

  @JsonRecord({ description: "The agent's own notes.", required: false })
  metadata?: JsonObject;
}

/** More than an agent may be handed, for what it has just handed in. */
const maxTasksInHand = 200;
const maxMetricsBytes = 16 * 1024;

export class HeartbeatBody {
  @OneOf(heartbeatStatuses, { description: 'What the agent is doing.', example: 'IDLE' })
  status!: HeartbeatStatus;

  @ApiPropertyOptional({
    description: 'What the agent tells of itself; at most 16 KiB as JSON.',
    type: 'object',
    additionalProperties: true,
  })
  @Check('record', (value) => value === undefined || isRecord(value), 'must be a JSON object')
  @Check(
    'metricsSize',
    (value) => value === undefined || Buffer.byteLength(JSON.stringify(value)) <= maxMetricsBytes,
    `must not be larger than ${maxMetricsBytes} bytes as JSON`,
  )
  metrics?: JsonValue;

  @Uuids({
    description:
      'The tasks that the agent has in hand. The lease of one that is not among them is not renewed, so that work it has lost goes to another. All are renewed when left out.',
    max: maxTasksInHand,
    required: false,
  })
  taskIds?: string[];
}

export class ClaimBody {
  @Integer({ description: 'How many tasks at most; 1 when left out.', min: 1, max: 100, required: false })
  maxTasks?: number;

  @Integer({
    description: 'How long to wait for work, in milliseconds; 0 when left out.',
    min: 0,
    max: 30_000,
    required: false,
    example: 20_000,
  })
  waitMs?: number;

  @Kinds({ description: "Only these of the agent's kinds.", max: 100, required: false })
  kinds?: string[];
}

export class AgentsQuery extends PageQuery {
  @OneOf(agentStatuses, { description: 'Only these.', required: false })
  status?: AgentStatus;

  @Kind({ description: 'Only those that take this kind.', required: false })
  capability?: string;
}
