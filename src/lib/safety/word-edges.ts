import { isWordAt } from '../../models/plain-text.js';

/**
 * Whether a word begins or ends before the unit at `index`: at the text's ends, beside anything that is neither letter
 * nor digit, between a letter and a digit, and between the words of `camelCase` and `HTTPServer`.
 */
export function isWordEdge(text: string, index: number): boolean {
  if (index <= 0 || index >= text.length) return true;
  if (!isWordAt(text, index - 1) || !isWordAt(text, index)) return true;
  const before = text.charCodeAt(index - 1);
  const after = text.charCodeAt(index);
  if (isDigit(before) !== isDigit(after)) return true;
  if (!isUpper(after)) return false;
  return !isUpper(before) || isLower(text.charCodeAt(index + 1));
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

function isUpper(unit: number): boolean {
  return unit >= 0x41 && unit <= 0x5a;
}

function isLower(unit: number): boolean {
  return unit >= 0x61 && unit <= 0x7a;
}
