import { Integer, Text } from './checks.js';

/** Which part of a list is wanted. */
export class PageQuery {
  @Integer({ description: 'How many at most; 50 when left out.', min: 1, max: 200, required: false })
  limit?: number;

  @Text({ description: '`nextCursor` of the part before.', max: 1000, required: false })
  cursor?: string;
}

export const defaultLimit = 50;
