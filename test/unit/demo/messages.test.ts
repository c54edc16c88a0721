import { describe, expect, it } from '@jest/globals';
import {
  inputFrom,
  MessageFileError,
  messageFrom,
  parseMessages,
  readMessages,
  repeat,
} from '../../../demo/messages.js';

describe('the messages that come with the demo', () => {
  it('are about two hundred, each with an id of its own, none twice, in many languages', async () => {
    const messages = await readMessages('demo/messages.jsonl');
    expect(messages.length).toBeGreaterThanOrEqual(190);
    expect(new Set(messages.map((message) => message.id)).size).toBe(messages.length);
    expect(new Set(messages.map((message) => message.text)).size).toBe(messages.length);
    expect(new Set(messages.map((message) => message.lang)).size).toBeGreaterThanOrEqual(15);
    const lengths = messages.map((message) => message.text.length);
    expect(Math.min(...lengths)).toBeLessThan(5);
    expect(Math.max(...lengths)).toBeGreaterThan(800);
  });

  it('name no real address: every e-mail domain is one that is reserved for examples', async () => {
    const text = (await readMessages('demo/messages.jsonl')).map((message) => message.text).join('\n');
    const domains = [...text.matchAll(/@([\w-]+(?:\.[\w-]+)+)/gu)].map((match) => match[1]);
    expect(domains.length).toBeGreaterThan(5);
    expect(domains.filter((domain) => !/^example\.(?:com|net|org)$/u.test(domain ?? ''))).toEqual([]);
  });
});

describe('a file of messages', () => {
  it('needs a text on each line, and nothing else', () => {
    expect(parseMessages('{"text":"a"}\n\n{"id":"x","text":"b","lang":"de"}\r\n', 'f')).toEqual([
      { id: 'line-1', text: 'a', lang: 'und' },
      { id: 'x', text: 'b', lang: 'de' },
    ]);
  });

  it.each([
    ['is not JSON', '{"text":"a"}\n{text}', 'f, line 2: this is not JSON.'],
    ['has no text', '{"id":"a"}', 'f, line 1: expected a JSON object with a "text" field that is a string.'],
    ['is no object', '"a"', 'f, line 1: expected a JSON object with a "text" field that is a string.'],
    ['is empty', '\n', 'f holds no message.'],
  ])('is refused, with the place, when it %s', (_what, content, message) => {
    expect(() => parseMessages(content, 'f')).toThrow(new MessageFileError(message));
  });

  it('is refused when it is not there', async () => {
    await expect(readMessages('no/such/file.jsonl')).rejects.toThrow(
      /^no\/such\/file\.jsonl cannot be read: ENOENT/u,
    );
  });

  it('is recovered from the input of its task', () => {
    const message = { id: '1-a', text: 'Hello', lang: 'en' };
    expect(messageFrom(inputFrom(message))).toEqual(message);
    expect(() => messageFrom({ text: 'Hello' })).toThrow('not one of the messages');
  });

  it('starts again from its beginning when more is asked for, with new ids', () => {
    const messages = parseMessages('{"id":"a","text":"1"}\n{"id":"b","text":"2"}', 'f');
    expect([...repeat(messages, 3)].map(({ id, text }) => [id, text])).toEqual([
      ['1-a', '1'],
      ['2-b', '2'],
      ['3-a', '1'],
    ]);
  });
});
