import type { Run } from '../../models/long-runs.js';
import { UnitReader } from '../../models/text-units.js';

const reader = new UnitReader();

/** The runs of ASCII digits of a text, in order, each as long as it can be. */
export function digitRuns(text: string): readonly Run[] {
  const runs: Run[] = [];
  const units = reader.read(text);
  for (let index = 0; index < text.length; index += 1) {
    if (!isDigit(units[index] ?? 0)) continue;
    const start = index;
    do index += 1;
    while (isDigit(units[index] ?? 0));
    runs.push({ start, end: index });
  }
  return runs;
}

/** Whether a UTF-16 code unit is an ASCII digit; so for the units below. */
export function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

export function isLetter(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || isCapital(unit);
}

export function isCapital(unit: number): boolean {
  return unit >= 0x41 && unit <= 0x5a;
}

/** The match of an expression with the flag `y` that begins at a place. */
export function matchAt(expression: RegExp, text: string, start: number): RegExpExecArray | null {
  expression.lastIndex = start;
  return expression.exec(text);
}
