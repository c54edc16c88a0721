import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  Matches,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import type { JsonValue } from '../../models/json.js';
import { type SubmissionStatus, submissionStatuses } from '../../models/result.js';
import { type OnApproval, onApprovalChoices, type TaskStatus, taskStatuses } from '../../models/task.js';
import { Nested } from '../dto-pipe.js';
import { AgentId, Check, Integer, Json, Kind, OneOf, Text, Uuid } from './checks.js';
import { PageQuery } from './page.dto.js';

const yearMs = 366 * 24 * 60 * 60 * 1000;
/** The longest that PostgreSQL's integer holds: 24 days. */
const longestTimeoutMs = 2_147_483_647;

export class SubmitTaskBody {
  @Kind({ description: 'The kind of task; agents that declared it may take it.', example: 'support.reply' })
  kind!: string;

  @Json({ description: 'What to work on: any JSON value, at most 256 KiB.' })
  input!: JsonValue;

  @Integer({ description: '0–100, the higher first; 50 when left out.', min: 0, max: 100, required: false })
  priority?: number;

  @Integer({
    description: 'Attempts that may fail before the task does; 3 when left out.',
    min: 1,
    max: 100,
    required: false,
  })
  maxAttempts?: number;

  @Integer({
    description: 'How long one attempt may take, in milliseconds; no limit when left out.',
    min: 1,
    max: longestTimeoutMs,
    required: false,
  })
  timeoutMs?: number;

  @Integer({
    description: 'Not handed out before this many milliseconds have passed.',
    min: 0,
    max: yearMs,
    required: false,
  })
  delayMs?: number;

  @Uuid({ description: 'The session that it belongs to.', required: false })
  sessionId?: string;

  @Uuid({ description: 'The task that it belongs to.', required: false })
  parentTaskId?: string;

  @OneOf(onApprovalChoices, {
    description:
      'What an approval leads to: EXECUTE (the default) hands the approved output out to be carried out, COMPLETE ends the task with it.',
    required: false,
  })
  onApproval?: OnApproval;
}

export class SubmitBatchBody {
  @ApiProperty({
    description: 'All are accepted, or none.',
    type: () => [SubmitTaskBody],
    minItems: 1,
    maxItems: 1000,
  })
  @Nested(() => SubmitTaskBody)
  @IsArray({ message: 'must be an array' })
  @ArrayMinSize(1, { message: 'must hold at least one task' })
  @ArrayMaxSize(1000, { message: 'must hold at most 1,000 tasks' })
  @ValidateNested({ each: true, message: 'must hold JSON objects alone' })
  tasks!: SubmitTaskBody[];
}

export class AgentErrorBody {
  @Text({ description: 'A code of your own.', example: 'UPSTREAM_TIMEOUT', max: 100 })
  code!: string;

  @Text({ description: 'In words.', max: 4000, min: 0 })
  message!: string;

  @ApiProperty({ description: 'Whether another attempt may help.' })
  @IsBoolean({ message: 'must be true or false' })
  retryable!: boolean;
}

export class SubmitResultBody {
  @AgentId({ description: 'Who hands it in.', example: 'writer-1' })
  agentId!: string;

  @Text({ description: "The assignment's lease token.", max: 200 })
  leaseToken!: string;

  @OneOf(submissionStatuses, { description: 'Whether the work was done.' })
  status!: SubmissionStatus;

  @Json({ description: 'What came of it: any JSON value, at most 256 KiB.', required: false })
  output?: JsonValue;

  @ApiPropertyOptional({
    description: 'How sure the agent is, 0..1. A proposal needs it.',
    minimum: 0,
    maximum: 1,
    example: 0.93,
  })
  @ValidateIf((_, value) => value !== undefined)
  @Check(
    'confidence',
    (value) => typeof value === 'number' && value >= 0 && value <= 1,
    'must be a number from 0 to 1',
  )
  confidence?: number;

  @ApiPropertyOptional({ description: 'Why it failed, with status FAILED.', type: () => AgentErrorBody })
  @Nested(() => AgentErrorBody)
  @ValidateIf((_, value) => value !== undefined)
  @Check('errorObject', (value) => value instanceof AgentErrorBody, 'must be a JSON object')
  @ValidateNested()
  error?: AgentErrorBody;

  @ApiPropertyOptional({
    description: "`sha256:` and the hex SHA-256 of the output's RFC 8785 form.",
    pattern: '^sha256:[0-9a-f]{64}$',
  })
  @ValidateIf((_, value) => value !== undefined)
  @Matches(/^sha256:[0-9a-f]{64}$/, { message: 'must be sha256: and 64 lower-case hex digits' })
  outputDigest?: string;
}

export class LeaseBody {
  @AgentId({ description: 'Who holds it.', example: 'writer-1' })
  agentId!: string;

  @Text({ description: "The assignment's lease token.", max: 200 })
  leaseToken!: string;
}

export class ExtendLeaseBody extends LeaseBody {
  @Integer({
    description: 'How long from now, in milliseconds; the usual length of a lease when left out.',
    min: 1000,
    max: 3_600_000,
    required: false,
  })
  extendMs?: number;
}

export class TasksQuery extends PageQuery {
  @OneOf(taskStatuses, { description: 'Only these.', required: false })
  status?: TaskStatus;

  @Kind({ description: 'Only this kind.', required: false })
  kind?: string;

  @Uuid({ description: 'Only of this session.', required: false })
  sessionId?: string;

  @AgentId({ description: 'Only those that this agent holds or held last.', required: false })
  agentId?: string;
}

export class ResultQuery {
  @Integer({
    description: 'How long to wait for the task to end, in milliseconds; 0 when left out.',
    min: 0,
    max: 30_000,
    required: false,
  })
  waitMs?: number;
}
