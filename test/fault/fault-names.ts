/** What is done to the API processes and to the way to them. */
export const processFaults = [
  'api-kill',
  'api-freeze',
  'api-failpoint',
  'api-restart',
  'api-cut',
  'api-answers-lost',
  'api-clock',
] as const;

/** What is done to the stores and to the way to them. */
export const storeFaults = [
  'redis-kill',
  'redis-freeze',
  'redis-full',
  'redis-read-only',
  'redis-slow',
  'redis-cut',
  'postgres-kill',
  'postgres-crash',
  'postgres-freeze',
  'postgres-full',
  'postgres-disk-full',
  'postgres-lock',
  'postgres-deadlock',
  'postgres-terminate',
  'postgres-slow',
  'postgres-cut',
  'postgres-answers-lost',
] as const;

export type ProcessFault = (typeof processFaults)[number];
export type StoreFault = (typeof storeFaults)[number];

export const faultNames = [...processFaults, ...storeFaults] as const;
export type FaultName = (typeof faultNames)[number];

/** Whether it takes a Redis to happen. */
export function isRedisFault(name: FaultName): boolean {
  return name.startsWith('redis-');
}

export function isFaultName(name: string): name is FaultName {
  return faultNames.some((one) => one === name);
}
