import { clockVariable } from './clock-names.js';

/**
 * A `Date` whose clock is off by this much: whatever asks for the time of day is told a wrong one. Dates that are given
 * are as ever, and so are timers and `performance`, which count from no date.
 */
export function clockOffBy(ms: number, right: DateConstructor = Date): DateConstructor {
  const now = () => right.now() + ms;
  const wrong: DateConstructor = new Proxy(right, {
    construct: (target, given: unknown[], made) =>
      Reflect.construct(target, given.length === 0 ? [now()] : given, made === wrong ? target : made) as Date,
    apply: () => new right(now()).toString(),
    get: (target, name) => (name === 'now' ? now : (Reflect.get(target, name) as unknown)),
  });
  return wrong;
}

// Preloaded into an API process, before any of its own code.
const offBy = process.env[clockVariable];
if (offBy !== undefined) {
  const whole = Number(offBy);
  if (process.env['NODE_ENV'] !== 'test' || !Number.isSafeInteger(whole))
    throw new Error(
      `${clockVariable} is for tests alone, and a whole number of milliseconds: not "${offBy}".`,
    );
  globalThis.Date = clockOffBy(whole);
}
