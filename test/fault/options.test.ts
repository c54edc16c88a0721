import { describe, expect, it } from '@jest/globals';
import { commandOf, parseDrillOptions } from './options.js';

describe('the options of a drill', () => {
  const parse = (...args: readonly string[]) => parseDrillOptions(args, () => 5);

  it('leave out the faults of Redis without Redis', () => {
    expect(parse('--without-redis').faults.filter((name) => name.startsWith('redis-'))).toEqual([]);
    expect(parse('--without-redis').faults).toContain('postgres-kill');
    expect(parse().faults).toContain('redis-kill');
    expect(() => parse('--without-redis', '--faults', 'redis-kill')).toThrow(
      'There is no fault "redis-kill"',
    );
  });

  it('come back as the command that runs the same again', () => {
    expect(commandOf(parse('--seconds', '9'))).toBe('npm run drill -- --seed 5 --seconds 9');
    expect(commandOf(parse('--without-redis', '--faults', 'api-kill,api-clock'))).toBe(
      'npm run drill -- --seed 5 --seconds 120 --faults api-kill,api-clock --without-redis',
    );
  });
});
