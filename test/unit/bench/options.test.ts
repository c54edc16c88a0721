import { describe, expect, it } from '@jest/globals';
import { benchNames, OptionError, parseBenchOptions, usage } from '../../../scripts/lib/bench-options.mjs';

const defaults = {
  benches: ['heartbeat', 'claim', 'flow', 'approve', 'chain'],
  rounds: 5,
  launches: 3,
  seconds: 5,
  warmUpSeconds: 3,
  connections: [64, 256, 1_000],
  inFlight: 256,
  batch: 16,
  tasks: 10_000,
  waiting: 1_000,
  rate: 100,
  cpuProfile: false,
  help: false,
};

describe('the options of the bench', () => {
  it('have defaults', () => {
    expect(parseBenchOptions([])).toEqual(defaults);
  });

  it('are taken from the command line', () => {
    const line =
      '--rounds 7 --launches 2 --seconds 9 --warm-up 0 --connections 8,16 --in-flight 32 --batch 4 --tasks 500 --waiting 50 --rate 20 --cpu-prof';
    expect(parseBenchOptions(line.split(' '))).toEqual({
      ...defaults,
      rounds: 7,
      launches: 2,
      seconds: 9,
      warmUpSeconds: 0,
      connections: [8, 16],
      inFlight: 32,
      batch: 4,
      tasks: 500,
      waiting: 50,
      rate: 20,
      cpuProfile: true,
    });
  });

  it('name the benches to run, which keep their order', () => {
    expect(parseBenchOptions(['flow', 'heartbeat', 'flow']).benches).toEqual(['heartbeat', 'flow']);
  });

  it.each([
    ['an unknown bench', ['speed'], 'no bench "speed"'],
    ['an unknown option', ['--fast'], '--fast'],
    ['no rounds', ['--rounds', '0'], '--rounds must be a whole number from 1 to 100, not "0"'],
    ['half a second', ['--seconds', '0.5'], '--seconds'],
    ['a gap in a list', ['--connections', '64,,256'], '--connections'],
  ])('refuse %s and say why', (_what, args, words) => {
    expect(() => parseBenchOptions(args)).toThrow(OptionError);
    expect(() => parseBenchOptions(args)).toThrow(words);
  });

  it('are all in the help', () => {
    for (const name of [...benchNames, '--rounds', '--launches', '--in-flight', '--cpu-prof']) {
      expect(usage).toContain(name);
    }
  });
});
