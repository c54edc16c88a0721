import { Body, Controller, Get, Post, Put, Query } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { Caller } from '../../models/access.js';
import type { JsonObject } from '../../models/json.js';
import { Backtests } from '../../services/backtests.js';
import { type Evaluation, Policies, type PolicyDiff } from '../../services/policies.js';
import { Cursors, type ListKind, type WirePage } from '../cursor.js';
import { defaultLimit, PageQuery } from '../dto/page.dto.js';
import { BacktestPolicyBody, PolicyDiffQuery } from '../dto/policy.dto.js';
import { EvaluateBody } from '../dto/review.dto.js';
import { BacktestId, TenantId } from '../params.js';
import { type BacktestWire, backtestWire, policyNamed, stretchOf } from '../policy-views.js';
import { CallerOf } from '../request-facts.js';
import { Route } from '../route.js';
import { backtestPolicyExamples, evaluateExamples, policyExamples } from '../schemas/examples.js';
import { ref } from '../schemas/schema.js';
import { type PolicyWire, policyWire } from '../views.js';

const versionList: ListKind = { name: 'policy-versions', position: ['integer'] };

/** What `evaluate` judges for when it is not told the kind of task: one that has no overrides. */
const noKind = 'unspecified';

@ApiTags('Policy')
@Controller('v1/tenants/:tenantId/policy')
export class PolicyController {
  constructor(
    private readonly policies: Policies,
    private readonly backtests: Backtests,
  ) {}

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
      'Parts that are left out take their default. Unknown members, unknown types and impossible bands are refused. An old version never changes. Where POLICY_FOUR_EYES is on, a looser policy is refused here: draft it, backtest it, propose it and have it approved.',
    needs: 'policy:write',
    answers: 'Policy',
    refuses: ['POLICY_INVALID', 'POLICY_NEEDS_SECOND_OPERATOR'],
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
    description:
      'Under the policy in force, or under the one sent along, and why: which rule, where, and what would have had to be different. Nothing is kept.',
    needs: 'policy:evaluate',
    answers: 'Evaluation',
    refuses: ['POLICY_INVALID'],
  })
  evaluate(
    @TenantId() tenantId: string,
    @Body() { output, confidence, kind = noKind, policy }: EvaluateBody,
  ): Promise<Evaluation> {
    return this.policies.evaluate(tenantId, { output, confidence, kind, policy });
  }

  @Get('diff')
  @Route({
    summary: 'Say in words what is different between two versions',
    description: 'Drafts count as versions, by their ids. For kinds with overrides it is said apart.',
    needs: 'policy:read',
    answers: 'PolicyDiff',
    refuses: ['POLICY_VERSION_NOT_FOUND', 'DRAFT_NOT_FOUND'],
  })
  diff(@TenantId() tenantId: string, @Query() { from, to }: PolicyDiffQuery): Promise<PolicyDiff> {
    return this.policies.diff(tenantId, policyNamed(from), policyNamed(to));
  }

  @Post('backtest')
  @ApiBody({ type: BacktestPolicyBody, examples: backtestPolicyExamples })
  @Route({
    summary: 'Hold a policy against what was judged',
    description:
      'Replays the results of a stretch of time and counts what would have been held or released. Look at the backtest for how far it has come.',
    needs: 'policy:write',
    status: 202,
    answers: 'Backtest',
    refuses: ['POLICY_INVALID', 'TOO_MANY_BACKTESTS'],
  })
  async backtest(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @Body() { policy, ...stretch }: BacktestPolicyBody,
  ): Promise<BacktestWire> {
    return backtestWire(await this.backtests.start(caller, tenantId, policy, stretchOf(stretch)));
  }

  @Get('backtests/:backtestId')
  @Route({
    summary: 'Show how far a backtest has come, or what it found',
    needs: 'policy:read',
    answers: 'Backtest',
    refuses: ['BACKTEST_NOT_FOUND'],
  })
  async backtestFound(@TenantId() tenantId: string, @BacktestId() backtestId: string): Promise<BacktestWire> {
    return backtestWire(await this.backtests.get(tenantId, backtestId));
  }
}
