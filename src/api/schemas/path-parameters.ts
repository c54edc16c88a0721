import type { OpenAPIObject } from '@nestjs/swagger';
import { agentIdPattern, tenantIdPattern } from '../../models/tenant.js';

type Parameter = Extract<
  NonNullable<NonNullable<OpenAPIObject['paths'][string]['get']>['parameters']>[number],
  { in: string }
>;

const uuid = (description: string): Partial<Parameter> => ({
  description,
  schema: { type: 'string', format: 'uuid' },
});

/** What can stand in a path, by the parameter's name. */
export const pathParameters: Readonly<Record<string, Partial<Parameter>>> = {
  tenantId: {
    description: 'The tenant.',
    example: 't_acme',
    schema: { type: 'string', pattern: tenantIdPattern.source },
  },
  agentId: {
    description: 'The agent.',
    example: 'writer-1',
    schema: { type: 'string', pattern: agentIdPattern.source },
  },
  keyId: uuid('The key, as the list of keys has it.'),
  sessionId: uuid('The session.'),
  taskId: uuid('The task.'),
  draftId: uuid('The draft of a policy.'),
  backtestId: uuid('The backtest.'),
  reviewId: uuid('The card, as the list of cards has it.'),
};
