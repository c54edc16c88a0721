import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { JsonValue } from '../../models/json.js';
import { ref } from '../schemas/schema.js';
import { Check, isRecord, Text, Uuid } from './checks.js';
import { Time } from './review.dto.js';

/** A policy as it is written; what is in it is read by the rules of policies. */
function WrittenPolicy(description: string): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ description, allOf: [ref('PolicyDraft')] }),
    Check('record', isRecord, 'must be a JSON object'),
  );
}

export class DraftPolicyBody {
  @WrittenPolicy('The rules. What you leave out takes its default.')
  policy!: Record<string, JsonValue>;

  @Text({ description: 'What it is for, in your words.', max: 1000, required: false })
  note?: string;
}

export class BacktestDraftBody {
  @Time('Results from this time on; 30 days before `to` when left out.')
  from?: string;

  @Time('Results before this time, and before now. Now when left out. At most 366 days after `from`.')
  to?: string;
}

export class BacktestPolicyBody extends BacktestDraftBody {
  @WrittenPolicy('The rules to hold against what was judged.')
  policy!: Record<string, JsonValue>;
}

export class ProposePolicyBody {
  @Uuid({
    description:
      'A finished backtest of the same rules against the version in force. A looser policy needs one.',
    required: false,
  })
  backtestId?: string;
}

const policyName = /^(?:[1-9]\d{0,8}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

function PolicyNamed(description: string): PropertyDecorator {
  return applyDecorators(
    Text({ description, max: 36, example: '3', required: false }),
    Check(
      'policyName',
      (value) => value === undefined || (typeof value === 'string' && policyName.test(value)),
      'must be the number of a version or the id of a draft',
    ),
  );
}

export class PolicyDiffQuery {
  @PolicyNamed('The number of a version, or the id of a draft; the policy in force when left out.')
  from?: string;

  @PolicyNamed('The number of a version, or the id of a draft; the policy in force when left out.')
  to?: string;
}
