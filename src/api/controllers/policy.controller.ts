import { Body, Controller, Get, Post, Put, Query } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { Caller } from '../../models/access.js';
import type { Decision } from '../../models/decision.js';
import type { JsonObject } from '../../models/json.js';
import { Policies } from '../../services/policies.js';
import { Cursors, type ListKind, type WirePage } from '../cursor.js';
import { defaultLimit, PageQuery } from '../dto/page.dto.js';
import { EvaluateBody } from '../dto/review.dto.js';
import { TenantId } from '../params.js';
import { CallerOf } from '../request-facts.js';
import { Route } from '../route.js';
import { evaluateExamples, policyExamples } from '../schemas/examples.js';
import { ref } from '../schemas/schema.js';
import { type PolicyWire, policyWire } from '../views.js';

const versionList: ListKind = { name: 'policy-versions', position: ['integer'] };

/** What `evaluate` judges for when it is not told the kind of task: one that has no overrides. */
const noKind = 'unspecified';

@ApiTags('Policy')
@Controller('v1/tenants/:tenantId/policy')
export class PolicyController {
  constructor(private readonly policies: Policies) {}

  @Get()
  @Route({ summary: 'Show the policy in force', needs: 'policy:read', answers: 'Policy' })
  async current(@TenantId() tenantId: string): Promise<PolicyWire> {
    return policyWire(await this.policies.current(tenantId));
  }

  @Put()
  @ApiBody({ schema: ref('PolicyDraft'), examples: policyExamples })
  @Route({
    summary: 'Put a new version in force',
    description:
      'Parts that are left out take their default. Unknown members, unknown types and impossible bands are refused. An old version never changes.',
    needs: 'policy:write',
    answers: 'Policy',
    refuses: ['POLICY_INVALID'],
  })
  async replace(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @Body() body: JsonObject | undefined,
  ): Promise<PolicyWire> {
    return policyWire(await this.policies.replace(caller, tenantId, body ?? null));
  }

  @Get('versions')
  @Route({
    summary: 'List the versions, newest first',
    needs: 'policy:read',
    answers: 'PolicyPage',
    refuses: ['INVALID_CURSOR'],
  })
  async versions(@TenantId() tenantId: string, @Query() query: PageQuery): Promise<WirePage<PolicyWire>> {
    const cursors = new Cursors(versionList, tenantId, {});
    const page = cursors.request(query.limit ?? defaultLimit, query.cursor);
    return cursors.page(await this.policies.versions(tenantId, page), policyWire);
  }

  @Post('evaluate')
  @ApiBody({ type: EvaluateBody, examples: evaluateExamples })
  @Route({
    summary: 'Ask what the gate would decide',
    description: 'Under the policy in force, or under the one sent along. Nothing is kept.',
    needs: 'policy:evaluate',
    answers: 'Decision',
    refuses: ['POLICY_INVALID'],
  })
  evaluate(
    @TenantId() tenantId: string,
    @Body() { output, confidence, kind = noKind, policy }: EvaluateBody,
  ): Promise<Decision> {
    return this.policies.evaluate(tenantId, { output, confidence, kind, policy });
  }
}
