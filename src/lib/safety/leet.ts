import { Alphabet } from './word-stream.js';

/** Digits and signs that are written for a letter; `l` counts as `i`, for what is written for one is written for both. */
const letters: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '6': 'g',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'i',
  '+': 't',
  '(': 'c',
  '€': 'e',
  '£': 'i',
  l: 'i',
};

/** Digits and signs count as the letters that they may stand for. */
export const leetAlphabet = new Alphabet(new Map(Object.entries(letters)));

/** Whether a digit or a sign that may stand for a letter stands beside a letter. */
export function hasDisguise(folded: string): boolean {
  return /[a-z][\d@$!|+(€£]{1,8}[a-z]|(?<![a-z\d])[\d@$!|+(€£]{1,3}[a-z]|[a-z][\d@$!|€£](?![a-z\d])/.test(
    folded,
  );
}

/** Whether something stands for a letter in a found word, and letters make up a third of it and more. */
export function isDisguised(written: readonly string[]): boolean {
  const own = written.filter((sign) => /[a-z]/.test(sign)).length;
  return own < written.length && own >= 2 && own * 3 >= written.length;
}
