import { isWordAt } from '../../models/plain-text.js';
import { isMarkUnit, isUnspacedUnit } from '../../models/unit-kinds.js';

/**
 * Whether a word begins or ends before the unit at `index`: at the text's ends, beside anything that is neither letter
 * nor digit, between a letter and a digit, between the words of `camelCase` and `HTTPServer`, and beside a character of
 * a script that writes without spaces, but not within a run of katakana or before a mark.
 */
export function isWordEdge(text: string, index: number): boolean {
  if (index <= 0 || index >= text.length) return true;
  if (!isWordAt(text, index - 1) || !isWordAt(text, index)) return true;
  const before = text.charCodeAt(index - 1);
  const after = text.charCodeAt(index);
  if (isDigit(before) !== isDigit(after)) return true;
  if (after >= 0x80 && isMarkUnit(after)) return false;
  if (before >= 0x80 || after >= 0x80) {
    if (isUnspacedUnit(before) || isUnspacedUnit(after)) return !(isKatakana(before) && isKatakana(after));
  }
  if (!isUpper(after)) return false;
  return !isUpper(before) || isLower(text.charCodeAt(index + 1));
}

/** Arabic and Hebrew write what English has as `and`, `with`, `to`, `the` onto the beginning of a word. */
const proclitics = /^(?:[وف]?(?:[بكل]?(?:ال)?|لل)|[והבכלמש]{1,3})$/;

/** Whether a word begins at `index`, or what stands before it there is only written onto it. */
export function isWordStart(text: string, index: number): boolean {
  if (isWordEdge(text, index)) return true;
  const unit = text.charCodeAt(index);
  if (unit < 0x590 || unit > 0x6ff) return false;
  for (let length = 1; length <= 4; length += 1) {
    if (isWordEdge(text, index - length)) return proclitics.test(text.slice(index - length, index));
  }
  return false;
}

function isKatakana(unit: number): boolean {
  return unit >= 0x30a0 && unit <= 0x30ff;
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
