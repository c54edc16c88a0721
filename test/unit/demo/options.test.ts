import { describe, expect, it } from '@jest/globals';
import { OptionError, parseDemoOptions, usage } from '../../../demo/options.mjs';

const defaults = {
  agents: 50,
  messages: null,
  rate: 20,
  input: null,
  autoReview: false,
  url: 'http://localhost:3000',
  key: null,
  seed: 1,
  help: false,
};

describe('the demo’s options', () => {
  it('have defaults', () => {
    expect(parseDemoOptions([], {})).toEqual(defaults);
  });

  it('are taken from the command line', () => {
    const line =
      '--agents 10 --messages 500 --rate 2.5 --input a.jsonl --auto-review --url https://c.example:8443/ --key k --seed 9';
    expect(parseDemoOptions(line.split(' '), { CHIMERA_ADMIN_KEY: 'other' })).toEqual({
      ...defaults,
      agents: 10,
      messages: 500,
      rate: 2.5,
      input: 'a.jsonl',
      autoReview: true,
      url: 'https://c.example:8443',
      key: 'k',
      seed: 9,
    });
  });

  it('take the admin key from the environment, where an empty one is none', () => {
    expect(parseDemoOptions([], { CHIMERA_ADMIN_KEY: 'from-env' }).key).toBe('from-env');
    expect(parseDemoOptions([], { CHIMERA_ADMIN_KEY: '' }).key).toBeNull();
  });

  it.each([
    [['--agnets', '5'], "Unknown option '--agnets'. See npm run demo -- --help."],
    [['fast'], "Unexpected argument 'fast'. See npm run demo -- --help."],
    [['--agents', '0'], '--agents must be a whole number from 1 to 1000, not "0".'],
    [['--agents', '1e2'], '--agents must be a whole number from 1 to 1000, not "1e2".'],
    [['--messages', '-3'], "Option '--messages' argument is ambiguous"],
    [['--rate', '0'], '--rate must be a number above 0 and up to 10000, not "0".'],
    [['--rate', ''], '--rate must be a number above 0 and up to 10000, not "".'],
    [['--seed', 'x'], '--seed must be a whole number from 0 to 2147483648, not "x".'],
    [
      ['--url', 'localhost'],
      '--url must be an http or https address, for example http://localhost:3000, not "localhost".',
    ],
  ])('are refused in one sentence: %j', (args, message) => {
    expect(() => parseDemoOptions(args, {})).toThrow(OptionError);
    expect(() => parseDemoOptions(args, {})).toThrow(message);
    try {
      parseDemoOptions(args, {});
    } catch (error) {
      expect(String(error)).not.toContain('\n');
    }
  });

  it('are all in the help', () => {
    for (const name of ['agents', 'messages', 'rate', 'input', 'auto-review', 'url', 'key', 'seed', 'help']) {
      expect(usage).toContain(`--${name}`);
    }
  });
});
