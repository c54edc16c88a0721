import { Body, Controller, Delete, Get, Post, Query } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { Caller } from '../../models/access.js';
import { Backtests } from '../../services/backtests.js';
import { PolicyDrafts } from '../../services/policy-drafts.js';
import { ShadowPolicies, type ShadowReport } from '../../services/shadow-policies.js';
import { Cursors, type ListKind, type WirePage } from '../cursor.js';
import { defaultLimit, PageQuery } from '../dto/page.dto.js';
import { BacktestDraftBody, DraftPolicyBody, ProposePolicyBody } from '../dto/policy.dto.js';
import { DraftId, TenantId } from '../params.js';
import { CallerOf } from '../request-facts.js';
import { Route } from '../route.js';
import { backtestDraftExamples, draftPolicyExamples, proposePolicyExamples } from '../schemas/examples.js';
import {
  type BacktestWire,
  backtestWire,
  stretchOf,
  type StagedPolicyWire,
  stagedPolicyWire,
} from '../policy-views.js';

const draftList: ListKind = { name: 'policy-drafts', position: ['uuid'] };

@ApiTags('Policy')
@Controller('v1/tenants/:tenantId/policy/drafts')
export class PolicyDraftsController {
  constructor(
    private readonly drafts: PolicyDrafts,
    private readonly shadows: ShadowPolicies,
    private readonly backtests: Backtests,
  ) {}

  @Get()
  @Route({
    summary: 'List the drafts, newest first',
    needs: 'policy:read',
    answers: 'StagedPolicyPage',
    refuses: ['INVALID_CURSOR'],
  })
  async list(@TenantId() tenantId: string, @Query() query: PageQuery): Promise<WirePage<StagedPolicyWire>> {
    const cursors = new Cursors(draftList, tenantId, {});
    const page = cursors.request(query.limit ?? defaultLimit, query.cursor);
    return cursors.page(await this.drafts.list(tenantId, page), stagedPolicyWire);
  }

  @Post()
  @ApiBody({ type: DraftPolicyBody, examples: draftPolicyExamples })
  @Route({
    summary: 'Write a policy down',
    description: 'It judges nothing yet. Its rules never change: other rules are another draft.',
    needs: 'policy:write',
    status: 201,
    answers: 'StagedPolicy',
    refuses: ['POLICY_INVALID'],
  })
  async draft(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @Body() { policy, note }: DraftPolicyBody,
  ): Promise<StagedPolicyWire> {
    return stagedPolicyWire(await this.drafts.draft(caller, tenantId, policy, note));
  }

  @Get(':draftId')
  @Route({
    summary: 'Show a draft',
    needs: 'policy:read',
    answers: 'StagedPolicy',
    refuses: ['DRAFT_NOT_FOUND'],
  })
  async get(@TenantId() tenantId: string, @DraftId() draftId: string): Promise<StagedPolicyWire> {
    return stagedPolicyWire(await this.drafts.get(tenantId, draftId));
  }

  @Delete(':draftId')
  @Route({
    summary: 'Drop a draft, and end its shadow',
    description: 'It stays on the record as `DISCARDED`.',
    needs: 'policy:write',
    status: 204,
    refuses: ['DRAFT_NOT_FOUND', 'DRAFT_STATE_CONFLICT'],
  })
  discard(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @DraftId() draftId: string,
  ): Promise<void> {
    return this.drafts.discard(caller, tenantId, draftId);
  }

  @Post(':draftId/shadow')
  @Route({
    summary: 'Have a draft judge what comes, beside the policy in force',
    description: 'It changes nothing: its verdicts are kept and compared.',
    needs: 'policy:write',
    answers: 'StagedPolicy',
    refuses: ['DRAFT_NOT_FOUND', 'DRAFT_STATE_CONFLICT', 'TOO_MANY_SHADOWS'],
  })
  async shadow(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @DraftId() draftId: string,
  ): Promise<StagedPolicyWire> {
    return stagedPolicyWire(await this.drafts.shadow(caller, tenantId, draftId));
  }

  @Get(':draftId/shadow')
  @Route({
    summary: 'Compare a shadow with the policy in force',
    needs: 'policy:read',
    answers: 'ShadowReport',
    refuses: ['DRAFT_NOT_FOUND'],
  })
  shadowReport(@TenantId() tenantId: string, @DraftId() draftId: string): Promise<ShadowReport> {
    return this.shadows.report(tenantId, draftId);
  }

  @Post(':draftId/backtest')
  @ApiBody({ type: BacktestDraftBody, required: false, examples: backtestDraftExamples })
  @Route({
    summary: 'Hold a draft against what was judged',
    needs: 'policy:write',
    status: 202,
    answers: 'Backtest',
    refuses: ['DRAFT_NOT_FOUND', 'TOO_MANY_BACKTESTS'],
  })
  async backtest(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @DraftId() draftId: string,
    @Body() stretch: BacktestDraftBody,
  ): Promise<BacktestWire> {
    return backtestWire(await this.backtests.startFor(caller, tenantId, draftId, stretchOf(stretch)));
  }

  @Post(':draftId/propose')
  @ApiBody({ type: ProposePolicyBody, required: false, examples: proposePolicyExamples })
  @Route({
    summary: 'Propose a draft to follow the policy in force',
    description:
      'One that is not looser is in force with that. A looser one needs a finished backtest, and waits for another operator to approve it. It is looser when there may be a result that the policy in force holds and the draft passes.',
    needs: 'policy:write',
    answers: 'StagedPolicy',
    refuses: ['DRAFT_NOT_FOUND', 'BACKTEST_NOT_FOUND', 'DRAFT_STATE_CONFLICT', 'BACKTEST_NEEDED'],
  })
  async propose(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @DraftId() draftId: string,
    @Body() { backtestId }: ProposePolicyBody,
  ): Promise<StagedPolicyWire> {
    return stagedPolicyWire(await this.drafts.propose(caller, tenantId, draftId, backtestId?.toLowerCase()));
  }

  @Post(':draftId/approve')
  @Route({
    summary: 'Put a proposed draft in force, as a second operator',
    needs: 'policy:approve',
    answers: 'StagedPolicy',
    refuses: ['DRAFT_NOT_FOUND', 'DRAFT_STATE_CONFLICT', 'POLICY_NEEDS_SECOND_OPERATOR'],
  })
  async approve(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @DraftId() draftId: string,
  ): Promise<StagedPolicyWire> {
    return stagedPolicyWire(await this.drafts.approve(caller, tenantId, draftId));
  }
}
