import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, ValidateIf } from 'class-validator';
import { type AuditType, auditTypes } from '../../models/audit.js';
import { type ReasonCode, reasonCodes } from '../../models/decision.js';
import type { JsonValue } from '../../models/json.js';
import { type ReviewStatus, reviewStatuses } from '../../models/review.js';
import { AgentId, Check, Integer, Json, JsonRecord, Kind, OneOf, Text, Uuid } from './checks.js';
import { PageQuery } from './page.dto.js';
import { isTime } from './tenant.dto.js';

export class ReviewsQuery extends PageQuery {
  @OneOf(reviewStatuses, { description: 'Only these.', example: 'PENDING', required: false })
  status?: ReviewStatus;

  @OneOf(reasonCodes, { description: 'Only those whose gravest reason is this.', required: false })
  reason?: ReasonCode;

  @Kind({ description: 'Only this kind of task.', required: false })
  kind?: string;

  @AgentId({ description: "Only this agent's.", required: false })
  agentId?: string;

  @Text({ description: 'Only those on the desk of this operator.', max: 500, required: false })
  assignee?: string;

  @OneOf(['age', 'priority'], {
    description: 'Oldest first (the default), or by priority and then oldest first.',
    required: false,
  })
  sort?: 'age' | 'priority';
}

export class DecideBody {
  @OneOf(['APPROVED', 'REJECTED'], {
    description: 'The decision. There is no way back.',
    example: 'APPROVED',
  })
  status!: 'APPROVED' | 'REJECTED';

  @Text({
    description: 'Kept with the card, and told to whoever works on the task next.',
    max: 4000,
    required: false,
    min: 0,
  })
  comment?: string;

  @Json({
    description: 'Approve this in place of what was proposed: any JSON value, at most 256 KiB.',
    required: false,
  })
  editedOutput?: JsonValue;

  @ApiPropertyOptional({ description: 'Approve the edit although the gate finds something in what it adds.' })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean({ message: 'must be true or false' })
  confirmReasons?: boolean;
}

export class RevealBody {
  @Text({
    description: 'Why you have to see it. Kept on the audit record.',
    max: 500,
    example: 'A customer asks.',
  })
  reason!: string;
}

export class AssignBody {
  @Integer({
    description: 'How long it stays on your desk, in milliseconds; 15 minutes when left out.',
    min: 1000,
    max: 86_400_000,
    required: false,
  })
  ttlMs?: number;
}

export class EvaluateBody {
  @Json({ description: 'The output to judge: any JSON value, at most 256 KiB.' })
  output!: JsonValue;

  @ApiProperty({
    description: 'How sure the agent would be, 0..1.',
    minimum: 0,
    maximum: 1,
    example: 0.93,
  })
  @Check(
    'confidence',
    (value) => typeof value === 'number' && value >= 0 && value <= 1,
    'must be a number from 0 to 1',
  )
  confidence!: number;

  @Kind({ description: 'The kind of task.', required: false })
  kind?: string;

  @JsonRecord({
    description: 'A policy to judge by, in place of the one in force.',
    shape: 'PolicyDraft',
    required: false,
  })
  policy?: Record<string, JsonValue>;
}

export function Time(description: string): PropertyDecorator {
  return (target, property) => {
    ApiPropertyOptional({ description, format: 'date-time', type: 'string' })(target, property);
    ValidateIf((_, value) => value !== undefined)(target, property);
    Check('time', isTime, 'must be a time, such as 2026-12-31T00:00:00Z')(target, property);
  };
}

export class AuditQuery extends PageQuery {
  @OneOf(auditTypes, { description: 'Only this type.', required: false })
  type?: AuditType;

  @Text({ description: 'Only what this actor did.', max: 500, required: false })
  actor?: string;

  @Uuid({ description: 'Only about this task.', required: false })
  taskId?: string;

  @Uuid({ description: 'Only about this card.', required: false })
  reviewId?: string;

  @Time('Not before this time.')
  from?: string;

  @Time('Before this time.')
  to?: string;
}
