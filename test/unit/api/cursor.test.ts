import { describe, expect, it } from '@jest/globals';
import { Cursors, type ListKind } from '../../../src/api/cursor.js';
import type { Position } from '../../../src/models/page.js';

const uuid = '0195511f-7000-7000-8000-000000000001';
const tasks: ListKind = { name: 'tasks', position: ['uuid'] };
const byPriority: ListKind = { name: 'reviews-by-priority', position: ['integer', 'uuid'] };
const agents: ListKind = { name: 'agents', position: ['agentId'] };
const audit: ListKind = { name: 'audit', position: ['sequence'] };

function cursorOf(cursors: Cursors, next: Position): string {
  const { nextCursor } = cursors.page({ items: [], next }, (item) => item);
  if (nextCursor === null) throw new Error('A place that follows has a cursor.');
  return nextCursor;
}

const invalid = expect.objectContaining({ code: 'INVALID_CURSOR' });

/** A cursor with this list's own tag and these values. */
function forged(cursors: Cursors, list: readonly unknown[]): string {
  const [tag] = JSON.parse(Buffer.from(cursorOf(cursors, []), 'base64url').toString()) as [string];
  return Buffer.from(JSON.stringify([tag, ...list])).toString('base64url');
}

describe('a cursor', () => {
  it.each<[ListKind, Position]>([
    [tasks, [uuid]],
    [byPriority, [50, uuid]],
    [byPriority, [0, uuid]],
    [agents, ['writer-1:eu.a_b']],
    [audit, [9_007_199_254_740_991]],
  ])('of %j comes back as the place %j that it stands for', (list, position) => {
    const cursors = new Cursors(list, 't_one', { kind: 'a' });
    const cursor = cursorOf(cursors, position);
    expect(cursor).toMatch(/^[\w-]+$/);
    expect(new Cursors(list, 't_one', { kind: 'a' }).request(7, cursor)).toEqual({
      limit: 7,
      after: position,
    });
  });

  it('is none at the end of a list, and none is needed at its beginning', () => {
    const cursors = new Cursors(tasks, 't_one', {});
    expect(cursors.page({ items: [1, 2], next: null }, String)).toEqual({
      items: ['1', '2'],
      nextCursor: null,
    });
    expect(cursors.request(50, undefined)).toEqual({ limit: 50, after: undefined });
  });

  it.each([
    ['another list', new Cursors({ ...tasks, name: 'api-keys' }, 't_one', {})],
    ['another tenant', new Cursors(tasks, 't_two', {})],
    ['another filter', new Cursors(tasks, 't_one', { kind: 'a' })],
  ])('of %s is refused', (_, others) => {
    const cursors = new Cursors(tasks, 't_one', {});
    expect(() => cursors.request(50, cursorOf(others, [uuid]))).toThrow(invalid);
  });

  it.each(['', ' ', 'null', 'bnVsbA', 'W10', 'e30', 'MQ', '%00', '[]', 'ÿþ', 'A'.repeat(1000)])(
    'is not what %j is',
    (cursor) => {
      expect(() => new Cursors(tasks, 't_one', {}).request(50, cursor)).toThrow(invalid);
    },
  );

  it.each<[ListKind, readonly unknown[]]>([
    [tasks, []],
    [tasks, [uuid, uuid]],
    [tasks, [uuid.toUpperCase()]],
    [tasks, [`${uuid}'`]],
    [tasks, [7]],
    [tasks, [null]],
    [tasks, [[uuid]]],
    [tasks, [{ toString: uuid }]],
    [byPriority, [uuid, 50]],
    [byPriority, ['50', uuid]],
    [byPriority, [1.5, uuid]],
    [byPriority, [-1, uuid]],
    [byPriority, [2_147_483_648, uuid]],
    [audit, [9_007_199_254_740_992]],
    [audit, [true]],
    [agents, ['']],
    [agents, ['writer 1']],
    [agents, ['writer-1\n']],
    [agents, ['a'.repeat(129)]],
  ])('of %j with the forged place %j is refused', (list, position) => {
    const cursors = new Cursors(list, 't_one', {});
    expect(() => cursors.request(50, forged(cursors, position))).toThrow(invalid);
  });
});
