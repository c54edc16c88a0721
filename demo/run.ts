import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { planFleet, SimulatedAgent } from './agent.ts';
import { ChimeraClient, isRefusal, isTransient } from './client.ts';
import { isFinal, taskStatuses } from './contract.ts';
import type { Role, Session, Stats, Task } from './contract.ts';
import { Display } from './display.ts';
import { repeat } from './messages.ts';
import type { Message } from './messages.ts';
import { SimulatedOperator } from './operator.ts';
import { Scoreboard } from './scoreboard.ts';
import { Submitter } from './submitter.ts';
import { balanceOf, renderReviewHint, renderSummary } from './summary.ts';

export interface RunOptions {
  readonly messages: readonly Message[];
  /** How many of them, from the start again when there are fewer. */
  readonly count: number;
  readonly agents: number;
  /** Messages per second. */
  readonly rate: number;
  readonly autoReview: boolean;
  readonly url: string;
  readonly key: string;
  readonly seed: number;
}

/** A tenant made for one run, with a client for each role: nobody in the run can do more than its part. */
interface Stage {
  readonly tenantId: string;
  readonly session: Session;
  readonly operatorKey: string;
  readonly agents: ChimeraClient;
  readonly submitter: ChimeraClient;
  readonly operator: ChimeraClient;
  readonly auditor: ChimeraClient;
  /** The auditor without patience: what it reads is of this moment, or nothing. */
  readonly observer: ChimeraClient;
}

const observeEveryMs = 500;
const stuckAfterMs = 150_000;
const patienceMs = 120_000;
const patienceAtTheEndMs = 5_000;
const mostProblemsShown = 10;

/** Runs the demo from the first message to the summary; resolves to the exit code. */
export async function runDemo(options: RunOptions, interrupted: AbortSignal): Promise<number> {
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  interrupted.addEventListener('abort', () => stopping.abort());
  const scoreboard = new Scoreboard(options.count);
  const stage = await setTheStage(options, scoreboard, () =>
    stopping.signal.aborted ? patienceAtTheEndMs : patienceMs,
  );
  const display = new Display(process.stdout, { url: options.url, tenantId: stage.tenantId });
  const failures = await perform(options, stage, scoreboard, stopping, display);
  display.close();
  return conclude(options, stage, scoreboard, failures);
}

async function setTheStage(
  options: RunOptions,
  scoreboard: Scoreboard,
  patience: () => number,
): Promise<Stage> {
  const tenantId = `t_demo-${Date.now().toString(36)}`;
  const clientWith = (key: string, patienceOfThis = patience): ChimeraClient => {
    const onRetry = (): void => void (scoreboard.counters.reconnects += 1);
    return new ChimeraClient({ url: options.url, tenantId, key, patienceMs: patienceOfThis, onRetry });
  };
  const admin = clientWith(options.key);
  await admin.createTenant('Demo fleet').catch((error: unknown) => {
    if (!isRefusal(error, 'UNAUTHENTICATED', 'FORBIDDEN')) throw error;
    throw new Error(
      `${options.url} does not accept the admin key: give the right one as --key or in CHIMERA_ADMIN_KEY.`,
    );
  });
  const keyFor = async (role: Role): Promise<string> =>
    (await admin.createKey(`demo ${role.toLowerCase()}`, role)).key;
  const [agentKey, submitterKey, operatorKey, auditorKey] = await Promise.all([
    keyFor('AGENT'),
    keyFor('SUBMITTER'),
    keyFor('OPERATOR'),
    keyFor('AUDITOR'),
  ]);
  const submitter = clientWith(submitterKey);
  return {
    tenantId,
    session: await submitter.createSession('demo'),
    operatorKey,
    agents: clientWith(agentKey),
    submitter,
    operator: clientWith(operatorKey),
    auditor: clientWith(auditorKey),
    observer: clientWith(auditorKey, () => 0),
  };
}

/** Lets everybody play their part until all is settled; what went wrong on the way is the answer. */
async function perform(
  options: RunOptions,
  stage: Stage,
  scoreboard: Scoreboard,
  stopping: AbortController,
  display: Display,
): Promise<readonly unknown[]> {
  const { seed } = options;
  const { signal } = stopping;
  const approvedDigests = new Map<string, string>();
  const around = {
    client: stage.agents,
    scoreboard,
    seed,
    outbox: new Map<string, string>(),
    approvedDigests,
  };
  const submitter = new Submitter(stage.submitter, scoreboard, stage.session.sessionId, seed);
  const submission = submitter.run(repeat(options.messages, options.count), options.rate, signal);
  const parts = [
    submission,
    ...planFleet(options.agents, seed).map((plan) => new SimulatedAgent(plan, around).run(signal)),
    ...(options.autoReview
      ? [new SimulatedOperator(stage.operator, scoreboard, approvedDigests, seed).run(signal)]
      : []),
    observe(stage, scoreboard, options.autoReview, submission, stopping),
  ];
  const picture = setInterval(() => display.show(scoreboard.snapshot()), display.intervalMs);
  const failures: unknown[] = [];
  await Promise.all(
    parts.map((part) =>
      part.catch((error: unknown) => {
        failures.push(error);
        stopping.abort();
      }),
    ),
  );
  clearInterval(picture);
  display.show(scoreboard.snapshot());
  return failures;
}

/** Watches the server's own count, and ends the run once everything that was submitted is settled. */
async function observe(
  stage: Stage,
  scoreboard: Scoreboard,
  autoReview: boolean,
  submission: Promise<void>,
  stopping: AbortController,
): Promise<void> {
  const { signal } = stopping;
  const progress = { submitting: true };
  void submission.finally(() => (progress.submitting = false)).catch(() => undefined);
  let movedAt = performance.now();
  let before = '';
  while (!signal.aborted) {
    const complete = !progress.submitting;
    await look(stage.observer, scoreboard);
    const now = JSON.stringify([scoreboard.accepted.size, scoreboard.stats?.tasks]);
    if (now !== before) movedAt = performance.now();
    before = now;
    if (complete && scoreboard.serverAnswers && isSettled(scoreboard.stats, autoReview)) break;
    if (performance.now() - movedAt > stuckAfterMs) {
      throw new Error(
        `Nothing has moved for ${stuckAfterMs / 1_000} s: ${JSON.stringify(scoreboard.stats?.tasks ?? {})}.`,
      );
    }
    await pause(observeEveryMs, undefined, { signal }).catch(() => undefined);
  }
  stopping.abort();
}

async function look(observer: ChimeraClient, scoreboard: Scoreboard): Promise<void> {
  try {
    scoreboard.stats = await observer.stats();
    scoreboard.serverAnswers = true;
  } catch (error) {
    if (!isTransient(error)) throw error;
    scoreboard.serverAnswers = false;
  }
}

/** Whether no task is under way: all are final, or with a person when nobody plays the operator. */
function isSettled(stats: Stats | null, autoReview: boolean): boolean {
  const underWay = taskStatuses.filter(
    (status) => !isFinal(status) && (autoReview || status !== 'NEEDS_REVIEW'),
  );
  return stats !== null && underWay.every((status) => (stats.tasks[status] ?? 0) === 0);
}

async function conclude(
  options: RunOptions,
  stage: Stage,
  scoreboard: Scoreboard,
  failures: readonly unknown[],
): Promise<number> {
  const problems = failures.map((error) => (error instanceof Error ? error.message : String(error)));
  const tasks = await listTasks(stage);
  if (tasks) {
    const balance = balanceOf(scoreboard.accepted, tasks);
    const held = balance.byStatus.get('NEEDS_REVIEW') ?? 0;
    print(process.stdout, renderSummary(balance, scoreboard.snapshot()));
    if (held > 0)
      print(process.stdout, ['', ...renderReviewHint(options.url, stage.tenantId, stage.operatorKey, held)]);
    problems.push(...balance.problems);
  } else {
    const count = scoreboard.accepted.size;
    problems.unshift(
      `The server at ${options.url} does not answer, so the ${count} tasks that it accepted cannot be counted.`,
    );
  }
  return report([...problems, ...scoreboard.violations]);
}

/** All tasks of the run; `undefined` when the server does not tell. */
async function listTasks(stage: Stage): Promise<readonly Task[] | undefined> {
  const tasks: Task[] = [];
  try {
    for await (const task of stage.auditor.tasksOf(stage.session.sessionId)) tasks.push(task);
    return tasks;
  } catch (error) {
    if (!isTransient(error)) throw error;
    return undefined;
  }
}

function report(problems: readonly string[]): number {
  const lines = [...new Set(problems)].map((problem) => `Wrong: ${problem}`);
  const unsaid = lines.length - mostProblemsShown;
  print(process.stderr, [
    ...lines.slice(0, mostProblemsShown),
    ...(unsaid > 0 ? [`… and ${unsaid} more.`] : []),
  ]);
  return lines.length === 0 ? 0 : 1;
}

function print(out: NodeJS.WriteStream, lines: readonly string[]): void {
  if (lines.length > 0) out.write(`${lines.join('\n')}\n`);
}
