import type { Chance } from '../corpus/chance.js';
import { harmlessTexts } from '../corpus/harmless.js';

/** Everyday text of a length, different for each number. */
export function everydayText(chance: Chance, length: number): string {
  let text = '';
  while (text.length < length) text += `${chance.one(harmlessTexts)} `;
  return text.slice(0, length);
}
