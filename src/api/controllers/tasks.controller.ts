import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiTags } from '@nestjs/swagger';
import type { Caller } from '../../models/access.js';
import { Leases } from '../../services/leases.js';
import { ResultIntake, type ResultReceipt } from '../../services/result-intake.js';
import { type FinalResult, TaskDesk } from '../../services/task-desk.js';
import { TaskIntake } from '../../services/task-intake.js';
import { Cursors, type ListKind, type WirePage } from '../cursor.js';
import { defaultLimit, PageQuery } from '../dto/page.dto.js';
import {
  ExtendLeaseBody,
  LeaseBody,
  ResultQuery,
  SubmitBatchBody,
  SubmitResultBody,
  SubmitTaskBody,
  TasksQuery,
} from '../dto/task.dto.js';
import { IdempotencyKey, TaskId, TenantId } from '../params.js';
import { CallerOf, Disconnect, TraceId } from '../request-facts.js';
import { Route } from '../route.js';
import {
  batchExamples,
  leaseExamples,
  releaseExamples,
  resultExamples,
  submitExamples,
} from '../schemas/examples.js';
import {
  type AuditEventWire,
  auditEventWire,
  taskReceipt,
  type TaskReceipt,
  type TaskWire,
  taskViewWire,
} from '../views.js';

const taskList: ListKind = { name: 'tasks', position: ['uuid'] };
/** Why tasks may not be taken in, however many come together. */
const submissionRefusals = [
  'SESSION_NOT_FOUND',
  'SESSION_STATE_CONFLICT',
  'TASK_NOT_FOUND',
  'TOO_MANY_OPEN_TASKS',
] as const;

const historyList: ListKind = { name: 'history', position: ['sequence'] };

@ApiTags('Tasks')
@Controller('v1/tenants/:tenantId/tasks')
export class TasksController {
  constructor(
    private readonly intake: TaskIntake,
    private readonly desk: TaskDesk,
    private readonly results: ResultIntake,
    private readonly leases: Leases,
  ) {}

  @Post()
  @ApiBody({ type: SubmitTaskBody, examples: submitExamples })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'The same key and body again: the same task. 1–255 characters.',
  })
  @Route({
    summary: 'Submit a task',
    description: 'Once this is answered the task is kept: it ends in a final state or is visibly waiting.',
    needs: 'task:submit',
    status: 202,
    answers: 'TaskReceipt',
    refuses: ['IDEMPOTENCY_KEY_REUSED', ...submissionRefusals],
  })
  async submit(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @Body() body: SubmitTaskBody,
    @TraceId() traceId: string,
    @IdempotencyKey() idempotencyKey: string | undefined,
  ): Promise<TaskReceipt> {
    return taskReceipt(await this.intake.submit(caller, tenantId, body, traceId, idempotencyKey));
  }

  @Post('batch')
  @ApiBody({ type: SubmitBatchBody, examples: batchExamples })
  @Route({
    summary: 'Submit up to 1,000 tasks, all or none',
    needs: 'task:submit',
    status: 202,
    answers: 'TaskReceipts',
    refuses: submissionRefusals,
  })
  async submitBatch(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @Body() body: SubmitBatchBody,
    @TraceId() traceId: string,
  ): Promise<{ items: TaskReceipt[] }> {
    const tasks = await this.intake.submitBatch(caller, tenantId, body.tasks, traceId);
    return { items: tasks.map(taskReceipt) };
  }

  @Get()
  @Route({
    summary: 'List tasks, newest first',
    needs: 'task:read',
    answers: 'TaskPage',
    refuses: ['INVALID_CURSOR'],
  })
  async list(@TenantId() tenantId: string, @Query() query: TasksQuery): Promise<WirePage<TaskWire>> {
    const { limit = defaultLimit, cursor, ...filter } = query;
    const cursors = new Cursors(taskList, tenantId, filter);
    return cursors.page(await this.desk.list(tenantId, filter, cursors.request(limit, cursor)), taskViewWire);
  }

  @Get(':taskId')
  @Route({ summary: 'Show a task', needs: 'task:read', answers: 'Task', refuses: ['TASK_NOT_FOUND'] })
  async get(@TenantId() tenantId: string, @TaskId() taskId: string): Promise<TaskWire> {
    return taskViewWire(await this.desk.get(tenantId, taskId));
  }

  @Get(':taskId/result')
  @Route({
    summary: 'Show how a task ended; waits for it',
    description: 'Never shows a held output: until the task is final there is no result.',
    needs: 'task:read',
    answers: 'FinalResult',
    refuses: ['TASK_NOT_FOUND', 'RESULT_NOT_READY'],
  })
  result(
    @TenantId() tenantId: string,
    @TaskId() taskId: string,
    @Query() { waitMs = 0 }: ResultQuery,
    @Disconnect() disconnect: AbortSignal,
  ): Promise<FinalResult> {
    return this.desk.result(tenantId, taskId, waitMs, disconnect);
  }

  @Post(':taskId/results')
  @ApiBody({ type: SubmitResultBody, examples: resultExamples })
  @Route({
    summary: 'Hand in a result',
    description:
      'A proposal needs `output` and `confidence`. Work that carries out an approval needs the digest that was approved; anything else is a new proposal. The same submission again has the same answer.',
    needs: 'agent:act',
    answers: 'ResultReceipt',
    refuses: ['TASK_NOT_FOUND', 'LEASE_LOST', 'DIGEST_MISMATCH'],
  })
  submitResult(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @TaskId() taskId: string,
    @Body() body: SubmitResultBody,
  ): Promise<ResultReceipt> {
    return this.results.submit(caller, tenantId, taskId, body);
  }

  @Post(':taskId/lease')
  @ApiBody({ type: ExtendLeaseBody, examples: leaseExamples })
  @Route({
    summary: 'Make a lease last longer',
    needs: 'agent:act',
    answers: 'Lease',
    refuses: ['TASK_NOT_FOUND', 'LEASE_LOST'],
  })
  async extendLease(
    @TenantId() tenantId: string,
    @TaskId() taskId: string,
    @Body() body: ExtendLeaseBody,
  ): Promise<{ leaseExpiresAt: Date }> {
    return { leaseExpiresAt: await this.leases.extend(tenantId, taskId, body, body.extendMs) };
  }

  @Post(':taskId/release')
  @ApiBody({ type: LeaseBody, examples: releaseExamples })
  @Route({
    summary: 'Give a task back without using up an attempt',
    needs: 'agent:act',
    status: 204,
    refuses: ['TASK_NOT_FOUND', 'LEASE_LOST'],
  })
  release(@TenantId() tenantId: string, @TaskId() taskId: string, @Body() body: LeaseBody): Promise<void> {
    return this.leases.release(tenantId, taskId, body);
  }

  @Post(':taskId/cancel')
  @Route({
    summary: 'Cancel a task',
    needs: 'task:cancel',
    answers: 'Task',
    refuses: ['TASK_NOT_FOUND', 'TASK_ALREADY_FINAL'],
  })
  async cancel(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @TaskId() taskId: string,
  ): Promise<TaskWire> {
    return taskViewWire(await this.desk.cancel(caller, tenantId, taskId));
  }

  @Get(':taskId/history')
  @Route({
    summary: "Show a task's audit events, oldest first",
    needs: 'task:read',
    answers: 'AuditPage',
    refuses: ['TASK_NOT_FOUND', 'INVALID_CURSOR'],
  })
  async history(
    @TenantId() tenantId: string,
    @TaskId() taskId: string,
    @Query() query: PageQuery,
  ): Promise<WirePage<AuditEventWire>> {
    const cursors = new Cursors(historyList, tenantId, { taskId });
    const page = cursors.request(query.limit ?? defaultLimit, query.cursor);
    return cursors.page(await this.desk.history(tenantId, taskId, page), auditEventWire);
  }
}
