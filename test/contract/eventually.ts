import { setTimeout as delay } from 'node:timers/promises';

const patienceMs = 15_000;

/** Looks again and again until the answer fits. Rejects with the last answer when it does not fit in fifteen seconds. */
export async function eventually<T>(look: () => T | Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const answer = await look();
    if (fits(answer)) return answer;
    if (Date.now() > until) throw new Error(`Still ${JSON.stringify(answer)} after ${patienceMs} ms.`);
    await delay(5);
  }
}
