import { readFile } from 'node:fs/promises';
import type { JsonObject } from './contract.ts';

/** One thing that a customer wrote. */
export interface Message {
  /** Unique in a run. */
  readonly id: string;
  readonly text: string;
  /** A language tag, for example `de`; `und` when the file does not say. */
  readonly lang: string;
}

/** The messages were not there, or not in the form that is read. The text says which line and why. */
export class MessageFileError extends Error {
  override readonly name = 'MessageFileError';
}

/** Reads a file of JSON lines, each an object with at least a `text`. */
export async function readMessages(path: string): Promise<readonly Message[]> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new MessageFileError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    );
  });
  return parseMessages(content, path);
}

/** The messages in JSON lines; `source` is what errors call them. Empty lines are skipped. */
export function parseMessages(content: string, source: string): readonly Message[] {
  const messages = content.split(/\r?\n/u).flatMap((line, index) => {
    return line.trim() === '' ? [] : [parseLine(line, `${source}, line ${index + 1}`, index + 1)];
  });
  if (messages.length === 0) throw new MessageFileError(`${source} holds no message.`);
  return messages;
}

/** The first `count` messages, from the start again when there are fewer; each with an id of its own. */
export function* repeat(messages: readonly Message[], count: number): Generator<Message> {
  for (let index = 0; index < count; index += 1) {
    const message = messages[index % messages.length];
    if (!message) return;
    yield { ...message, id: `${index + 1}-${message.id}` };
  }
}

/** A message as the input of a task. */
export function inputFrom({ id, text, lang }: Message): JsonObject {
  return { messageId: id, text, lang };
}

/** The message that {@link inputFrom} made a task's input of. */
export function messageFrom({ messageId, text, lang }: JsonObject): Message {
  if (typeof messageId === 'string' && typeof text === 'string' && typeof lang === 'string') {
    return { id: messageId, text, lang };
  }
  throw new TypeError('A task came whose input is not one of the messages of this run.');
}

function parseLine(line: string, place: string, number: number): Message {
  const value = parseJson(line, place);
  if (typeof value !== 'object' || value === null || !('text' in value) || typeof value.text !== 'string') {
    throw new MessageFileError(`${place}: expected a JSON object with a "text" field that is a string.`);
  }
  const id = 'id' in value && typeof value.id === 'string' ? value.id : `line-${number}`;
  const lang = 'lang' in value && typeof value.lang === 'string' ? value.lang : 'und';
  return { id, text: value.text, lang };
}

function parseJson(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new MessageFileError(`${place}: this is not JSON.`);
  }
}
