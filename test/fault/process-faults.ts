import { setTimeout as pause } from 'node:timers/promises';
import { between, oneOf, type Random } from '../../demo/random.js';
import { failpoints } from './failpoint-names.js';
import type { ProcessFault } from './fault-names.js';
import { type Fault, forAWhile, type Scene, seconds } from './scene.js';
import { type Api, leaseMs, type Stack } from './stack.js';

/** How far a clock is off: longer than any lease, grace or deadline of the drill. */
const clockOffByMs = 600_000;

async function apiKill({ stack, random, say }: Scene): Promise<void> {
  const api = anApi(stack, random);
  say(`${api.name} is killed`);
  await api.kill();
  await pause(between(random, 0, 1_500));
  await api.comeBack();
}

/** For longer than a lease lasts: it wakes up with answers that are no longer true. */
async function apiFreeze({ stack, random, say }: Scene): Promise<void> {
  const api = anApi(stack, random);
  const ms = leaseMs + between(random, 300, 1_500);
  say(`${api.name} is frozen for ${seconds(ms)}`);
  api.signal('SIGSTOP');
  try {
    await pause(ms);
  } finally {
    api.signal('SIGCONT');
  }
}

/** It is killed by itself at a named place of a flow. */
async function apiFailpoint({ stack, random, say }: Scene): Promise<void> {
  const api = anApi(stack, random);
  const name = oneOf(random, failpoints);
  const count = 1 + Math.floor(random() * 8);
  await api.kill();
  try {
    await api.start({ name, count });
  } catch {
    // The stores may be broken at the same time; then it comes back without.
    await api.comeBack();
    return;
  }
  const ended = await api.endedWithin(5_000);
  say(`${api.name} ${ended ? 'died at' : 'did not come by'} ${name}:${count}`);
  await api.kill();
  await api.comeBack();
}

async function apiRestart({ stack, random, say }: Scene): Promise<void> {
  const api = anApi(stack, random);
  say(`${api.name} is asked to stop, and started again`);
  await api.stop();
  await api.comeBack();
}

async function apiCut({ stack, random, say }: Scene): Promise<void> {
  const api = anApi(stack, random);
  say(`the clients are cut off from ${api.name}`);
  await forAWhile([api.link], (link) => link.cut(), between(random, 300, 1_500));
}

/** What was asked is done, and nobody is told. */
async function apiAnswersLost({ stack, random, say }: Scene): Promise<void> {
  const api = anApi(stack, random);
  say(`the answers of ${api.name} are lost`);
  await forAWhile([api.link], (link) => Promise.resolve(link.loseAnswers()), between(random, 300, 1_500));
}

/** From its next start on, its clock is off; or it is right again, if it was off. It has jumped in either case. */
async function apiClock({ stack, random, say }: Scene): Promise<void> {
  const api = anApi(stack, random);
  const offBy = oneOf(random, [clockOffByMs, -clockOffByMs]);
  await api.kill();
  api.clockOffByMs = api.clockOffByMs === 0 ? offBy : 0;
  const minutes = Math.abs(api.clockOffByMs) / 60_000;
  if (minutes === 0) say(`the clock of ${api.name} is put right`);
  else say(`the clock of ${api.name} is ${minutes} min ${api.clockOffByMs < 0 ? 'behind' : 'ahead'}`);
  await api.comeBack();
}

/** What can happen to an API process, and on the way to it. */
export const processFaultsByName: Readonly<Record<ProcessFault, Fault>> = {
  'api-kill': apiKill,
  'api-freeze': apiFreeze,
  'api-failpoint': apiFailpoint,
  'api-restart': apiRestart,
  'api-cut': apiCut,
  'api-answers-lost': apiAnswersLost,
  'api-clock': apiClock,
};

function anApi({ apis }: Stack, random: Random): Api {
  const [first, ...others] = apis;
  if (!first) throw new Error('There is no API process.');
  return oneOf(random, [first, ...others]);
}
