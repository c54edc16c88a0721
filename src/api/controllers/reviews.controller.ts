import { Body, Controller, Get, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type Caller, mayDo } from '../../models/access.js';
import type { Explanation } from '../../models/explanation.js';
import { type SignedReceipt, signedReceipt } from '../../models/receipt.js';
import type { ReviewCard } from '../../models/review.js';
import { Policies } from '../../services/policies.js';
import { ReviewDesk } from '../../services/review-desk.js';
import { Cursors, type ListKind, type WirePage } from '../cursor.js';
import { defaultLimit } from '../dto/page.dto.js';
import { AssignBody, DecideBody, RevealBody, ReviewsQuery } from '../dto/review.dto.js';
import { IfMatch, ReviewId, TenantId } from '../params.js';
import { CallerOf } from '../request-facts.js';
import { Route } from '../route.js';
import { assignExamples, decideExamples, revealExamples } from '../schemas/examples.js';
import { listedReviewWire, type RevealedWire, revealedWire, type ReviewWire, reviewWire } from '../views.js';

const byAge: ListKind = { name: 'reviews', position: ['uuid'] };
const byPriority: ListKind = { name: 'reviews-by-priority', position: ['integer', 'uuid'] };

@ApiTags('Reviews')
@Controller('v1/tenants/:tenantId/reviews')
export class ReviewsController {
  constructor(
    private readonly desk: ReviewDesk,
    private readonly policies: Policies,
  ) {}

  @Get()
  @Route({
    summary: 'List cards: the queue of what waits for a person',
    description:
      'All cards unless `status` says which; for the queue use `status=PENDING`. In a list, secrets, personal data and hits of patterns that the gate found in an output are masked with `•`, an edited output is hidden; the card itself shows both.',
    needs: 'review:read',
    answers: 'ReviewPage',
    refuses: ['INVALID_CURSOR'],
  })
  async list(@TenantId() tenantId: string, @Query() query: ReviewsQuery): Promise<WirePage<ReviewWire>> {
    const { limit = defaultLimit, cursor, sort = 'age', ...filter } = query;
    const cursors = new Cursors(sort === 'age' ? byAge : byPriority, tenantId, filter);
    return cursors.page(
      await this.desk.list(tenantId, filter, sort, cursors.request(limit, cursor)),
      listedReviewWire,
    );
  }

  @Get(':reviewId')
  @Route({
    summary: 'Show a card, with its ETag',
    description:
      'Whole for who may decide it. To an auditor it is shown as lists show it, masked: the record says who looked behind that.',
    needs: 'review:read',
    answers: 'ReviewCard',
    tagged: true,
    refuses: ['REVIEW_NOT_FOUND'],
  })
  async get(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @ReviewId() reviewId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReviewWire> {
    const card = await this.desk.get(tenantId, reviewId);
    const whole = tagged(reply, card);
    return mayDo(caller.role, 'review:reveal') ? whole : listedReviewWire(card);
  }

  @Get(':reviewId/explanation')
  @Route({
    summary: 'Explain why a card is held',
    description: 'Which rule of the version that held it, where, and what would have had to be different.',
    needs: 'review:read',
    answers: 'Explanations',
    refuses: ['REVIEW_NOT_FOUND'],
  })
  async explain(
    @TenantId() tenantId: string,
    @ReviewId() reviewId: string,
  ): Promise<{ readonly items: readonly Explanation[] }> {
    return { items: await this.policies.explainCard(tenantId, reviewId) };
  }

  @Get(':reviewId/receipt')
  @Route({
    summary: 'Show the signed receipt of an approval',
    description:
      'Who approved which output, looking at which card, and where that is on the audit record. `signature` is Ed25519 over the RFC 8785 form of the other members; `GET …/audit/keys` has the keys. `cardDigest` is the digest of the RFC 8785 form of what never changes on the card: `reviewId`, `tenantId`, `taskId`, `resultId`, `sessionId`, `agentId`, `kind`, `reason`, `reasons`, `details`, `confidence`, `taskInput`, `proposedOutput`, `policyVersion`, `timestamp` and `dueAt`.',
    needs: 'review:read',
    answers: 'ApprovalReceipt',
    refuses: ['REVIEW_NOT_FOUND', 'RECEIPT_NOT_FOUND'],
  })
  async receipt(@TenantId() tenantId: string, @ReviewId() reviewId: string): Promise<SignedReceipt> {
    return signedReceipt(await this.desk.receipt(tenantId, reviewId));
  }

  @Post(':reviewId/decision')
  @ApiHeader({
    name: 'If-Match',
    required: false,
    description: 'The ETag of the card as you saw it, or `*`: decide it only if it is still that.',
  })
  @ApiBody({ type: DecideBody, examples: decideExamples })
  @Route({
    summary: 'Decide a card, once',
    description:
      'The second of two decisions is told who won: 409 with the card under `review`. An edited output is gated again; what the gate finds in the edit needs `confirmReasons: true`.',
    needs: 'review:decide',
    answers: 'ReviewCard',
    tagged: true,
    refuses: [
      'REVIEW_NOT_FOUND',
      'OWN_PROPOSAL',
      'REVIEW_ALREADY_DECIDED',
      'EDIT_NEEDS_CONFIRMATION',
      'EDIT_DENIED',
      'PRECONDITION_FAILED',
    ],
  })
  async decide(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @ReviewId() reviewId: string,
    @Body() { ...verdict }: DecideBody,
    @IfMatch() ifVersion: number | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReviewWire> {
    return tagged(reply, await this.desk.decide(caller, tenantId, reviewId, { ...verdict, ifVersion }));
  }

  @Post(':reviewId/reveal')
  @ApiBody({ type: RevealBody, examples: revealExamples })
  @Route({
    summary: 'See all that a card holds, on the record',
    description: 'The audit record says who saw it, and why, before anybody does.',
    needs: 'review:reveal',
    answers: 'RevealedOutput',
    refuses: ['REVIEW_NOT_FOUND'],
  })
  async reveal(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @ReviewId() reviewId: string,
    @Body() { reason }: RevealBody,
  ): Promise<RevealedWire> {
    return revealedWire(await this.desk.reveal(caller, tenantId, reviewId, reason));
  }

  @Post(':reviewId/assign')
  @ApiBody({ type: AssignBody, required: false, examples: assignExamples })
  @Route({
    summary: 'Take a card onto your desk for a while',
    needs: 'review:decide',
    answers: 'ReviewCard',
    tagged: true,
    refuses: ['REVIEW_NOT_FOUND', 'REVIEW_ASSIGNED', 'REVIEW_ALREADY_DECIDED'],
  })
  async assign(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @ReviewId() reviewId: string,
    @Body() { ttlMs }: AssignBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReviewWire> {
    return tagged(reply, await this.desk.assign(caller, tenantId, reviewId, ttlMs));
  }

  @Post(':reviewId/unassign')
  @Route({
    summary: 'Take a card off your desk',
    needs: 'review:decide',
    answers: 'ReviewCard',
    tagged: true,
    refuses: ['REVIEW_NOT_FOUND', 'REVIEW_ASSIGNED', 'REVIEW_ALREADY_DECIDED'],
  })
  async unassign(
    @CallerOf() caller: Caller,
    @TenantId() tenantId: string,
    @ReviewId() reviewId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReviewWire> {
    return tagged(reply, await this.desk.unassign(caller, tenantId, reviewId));
  }
}

function tagged(reply: FastifyReply, card: ReviewCard): ReviewWire {
  void reply.header('etag', `"${card.version}"`);
  return reviewWire(card);
}
