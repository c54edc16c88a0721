import { Controller, Get, Header, StreamableFile } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import { Readable } from 'node:stream';
import type { AuditEvent } from '../../models/audit.js';
import { EventFeed } from '../../services/event-feed.js';
import { LastEventId, SessionId, TenantId } from '../params.js';
import { Disconnect } from '../request-facts.js';
import { Route } from '../route.js';
import { feedMessage } from '../views.js';

const resumable = ApiHeader({
  name: 'Last-Event-ID',
  required: false,
  description: 'The id of the last event seen; what follows it comes first.',
});

const description =
  'Server-Sent Events: `event` is the type, `id` resumes, `data` is an Event as JSON. Never an output. In the order of the audit record, none left out.';

@ApiTags('Events')
@Controller('v1/tenants/:tenantId')
export class EventsController {
  constructor(private readonly feed: EventFeed) {}

  @Get('events')
  @resumable
  @Header('cache-control', 'no-cache')
  @Header('x-accel-buffering', 'no')
  @Route({
    summary: "Follow the tenant's events",
    description,
    needs: 'event:read',
    mediaType: 'text/event-stream',
    answers: 'Event',
  })
  tenant(
    @TenantId() tenantId: string,
    @LastEventId() after: number | undefined,
    @Disconnect() disconnect: AbortSignal,
  ): StreamableFile {
    return streamOf(this.feed.follow(tenantId, { after }, disconnect));
  }

  @Get('sessions/:sessionId/events')
  @resumable
  @Header('cache-control', 'no-cache')
  @Header('x-accel-buffering', 'no')
  @Route({
    summary: "Follow a session's events",
    description,
    needs: 'event:read',
    mediaType: 'text/event-stream',
    answers: 'Event',
    refuses: ['SESSION_NOT_FOUND'],
  })
  async session(
    @TenantId() tenantId: string,
    @SessionId() sessionId: string,
    @LastEventId() after: number | undefined,
    @Disconnect() disconnect: AbortSignal,
  ): Promise<StreamableFile> {
    await this.feed.mustExist(tenantId, sessionId);
    return streamOf(this.feed.follow(tenantId, { sessionId, after }, disconnect));
  }
}

function streamOf(events: AsyncIterable<AuditEvent | undefined>): StreamableFile {
  return new StreamableFile(Readable.from(messagesOf(events), { objectMode: false }), {
    type: 'text/event-stream; charset=utf-8',
  });
}

/** A comment first, from which the client knows that it misses nothing, and now and then, so that proxies keep it open. */
async function* messagesOf(events: AsyncIterable<AuditEvent | undefined>): AsyncGenerator<string> {
  for await (const event of events) yield event ? feedMessage(event) : ': here\n\n';
}
