import { describe, expect, it } from '@jest/globals';
import type { Message } from '../../../demo/messages.js';
import { readMessages } from '../../../demo/messages.js';
import { personalDataIn, proposeReply } from '../../../demo/reply.js';
import type { Manner } from '../../../demo/reply.js';

const messages = await readMessages('demo/messages.jsonl');

function aMessage(change: Partial<Message> = {}): Message {
  return { id: 'm1', text: 'Where is my parcel?', lang: 'en', ...change };
}

describe('a proposed reply', () => {
  it('is the same for the same message and seed', () => {
    for (const message of messages) expect(proposeReply(message, 7)).toEqual(proposeReply(message, 7));
    const bySeed = new Set([1, 2, 3, 4, 5].map((seed) => JSON.stringify(proposeReply(aMessage(), seed))));
    expect(bySeed.size).toBeGreaterThan(1);
  });

  it('comes in a mixture that gives a gate something to hold and something to pass', () => {
    const manners = new Map<Manner, number>();
    for (const message of messages) {
      const { manner } = proposeReply(message, 1);
      manners.set(manner, (manners.get(manner) ?? 0) + 1);
    }
    const share = (manner: Manner): number => (manners.get(manner) ?? 0) / messages.length;
    expect(share('HARMLESS')).toBeGreaterThan(0.55);
    expect(share('HARMLESS')).toBeLessThan(0.9);
    for (const manner of ['ECHO', 'RISKY', 'GULLIBLE', 'UNSURE'] as const)
      expect(share(manner)).toBeGreaterThan(0);
  });

  it('says how sure it is: below 0.70 exactly when it is unsure', () => {
    for (const message of messages) {
      const { manner, confidence } = proposeReply(message, 3);
      expect(confidence).toBeGreaterThanOrEqual(0);
      expect(confidence).toBeLessThan(1);
      expect(confidence < 0.7).toBe(manner === 'UNSURE');
    }
  });

  it('repeats what the customer gave away when it echoes', () => {
    const echo = messages.map((message) => ({ message, reply: proposeReply(message, 1) }));
    for (const { message, reply } of echo.filter(({ reply }) => reply.manner === 'ECHO')) {
      expect(JSON.stringify(reply.output)).toContain(personalDataIn(message.text));
    }
  });

  it('is harmless when the agent was told to be careful', () => {
    for (const message of messages) expect(proposeReply(message, 1, true).manner).toBe('HARMLESS');
  });

  it('answers in the customer’s language where it has one, in English where not', () => {
    const text = (lang: string): string => JSON.stringify(proposeReply(aMessage({ lang }), 1, true).output);
    expect(text('de')).toContain('Guten Tag');
    expect(text('fr')).toContain('Bonjour');
    expect(text('xx')).toContain('Hello');
  });
});

describe('personal data in a message', () => {
  it.each([
    ['a card', 'card 4111 1111 1111 1111 please', '4111 1111 1111 1111'],
    ['an IBAN', 'to GB82 WEST 1234 5698 7654 32 now', 'GB82 WEST 1234 5698 7654 32'],
    ['a social security number', 'my SSN 219-09-9999 leaked', '219-09-9999'],
    ['an e-mail address', 'write to jo@example.org.', 'jo@example.org'],
    ['a telephone number', 'call 202-555-0143', '202-555-0143'],
  ])('is found: %s', (_what, text, expected) => {
    expect(personalDataIn(text)).toBe(expected);
  });

  it('is not found where there is none', () => {
    expect(personalDataIn('Is the lamp dimmable? It costs 39.90.')).toBeUndefined();
  });
});
