import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { Caller } from '../../models/access.js';
import { Sessions } from '../../services/sessions.js';
import { CreateSessionBody } from '../dto/tenant.dto.js';
import { SessionId, TenantId } from '../params.js';
import { CallerOf } from '../request-facts.js';
import { Route } from '../route.js';
import { sessionExamples } from '../schemas/examples.js';
import { type SessionWire, sessionWire } from '../views.js';

@ApiTags('Sessions')
@Controller('v1/tenants/:tenantId/sessions')
export class SessionsController {
  constructor(private readonly sessions: Sessions) {}

  @Post()
  @ApiBody({ type: CreateSessionBody, required: false, examples: sessionExamples })
  @Route({ summary: 'Open a session', needs: 'session:create', status: 201, answers: 'Session' })
  async create(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @Body() body: CreateSessionBody,
  ): Promise<SessionWire> {
    return sessionWire(await this.sessions.create(caller, tenantId, body.requestedBy));
  }

  @Get(':sessionId')
  @Route({
    summary: 'Show a session',
    needs: 'session:read',
    answers: 'Session',
    refuses: ['SESSION_NOT_FOUND'],
  })
  async get(@TenantId() tenantId: string, @SessionId() sessionId: string): Promise<SessionWire> {
    return sessionWire(await this.sessions.get(tenantId, sessionId));
  }

  @Post(':sessionId/pause')
  @Route({
    summary: 'Pause a session: none of its tasks is handed out',
    needs: 'session:control',
    answers: 'Session',
    refuses: ['SESSION_NOT_FOUND', 'SESSION_STATE_CONFLICT'],
  })
  async pause(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @SessionId() sessionId: string,
  ): Promise<SessionWire> {
    return sessionWire(await this.sessions.pause(caller, tenantId, sessionId));
  }

  @Post(':sessionId/resume')
  @Route({
    summary: 'Resume a paused session',
    needs: 'session:control',
    answers: 'Session',
    refuses: ['SESSION_NOT_FOUND', 'SESSION_STATE_CONFLICT'],
  })
  async resume(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @SessionId() sessionId: string,
  ): Promise<SessionWire> {
    return sessionWire(await this.sessions.resume(caller, tenantId, sessionId));
  }

  @Post(':sessionId/stop')
  @Route({
    summary: 'Stop a session: what has not finished is cancelled',
    needs: 'session:control',
    answers: 'Session',
    refuses: ['SESSION_NOT_FOUND'],
  })
  async stop(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @SessionId() sessionId: string,
  ): Promise<SessionWire> {
    return sessionWire(await this.sessions.stop(caller, tenantId, sessionId));
  }
}
