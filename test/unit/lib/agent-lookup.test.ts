import { describe, expect, it } from '@jest/globals';
import { AgentLookup } from '../../../src/lib/postgres/agent-lookup.js';

describe('a lookup of agents', () => {
  const asked: (readonly [string, readonly string[]])[] = [];
  const lookup = new AgentLookup((tenantId, agentIds) => {
    asked.push([tenantId, agentIds]);
    const rows = agentIds.flatMap((agentId) => (agentId === 'none' ? [] : [{ agentId, of: tenantId }]));
    return Promise.resolve(rows.toReversed());
  });

  it('asks once for each tenant, whoever asks together, and answers each with its own rows', async () => {
    const answers = await Promise.all([
      lookup.of('t_one', ['a', 'b']),
      lookup.of('t_two', ['a']),
      lookup.of('t_one', ['b', 'none']),
      lookup.of('t_two', ['none']),
    ]);
    expect(answers).toEqual([
      [
        { agentId: 'a', of: 't_one' },
        { agentId: 'b', of: 't_one' },
      ],
      [{ agentId: 'a', of: 't_two' }],
      [{ agentId: 'b', of: 't_one' }],
      [],
    ]);
    expect(asked).toEqual([
      ['t_one', ['a', 'b', 'none']],
      ['t_two', ['a', 'none']],
    ]);
  });
});
