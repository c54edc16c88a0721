import { isFinal, type TaskStatus, taskStatuses } from '../../src/models/task.js';
import type { Seen } from './plan.js';

/** An assignment, as far as agents of the load suite read it. */
export interface Assignment {
  readonly task: { readonly taskId: string; readonly input: { readonly n: number; readonly held?: boolean } };
  readonly attempt: number;
  readonly stage: 'PROPOSE' | 'EXECUTE';
  readonly leaseToken: string;
  readonly approval?: {
    readonly reviewId: string;
    readonly output: unknown;
    readonly outputDigest: string;
  };
}

interface Story {
  readonly tenantId: string;
  n: number;
  accepted: boolean;
  attempt: number;
  status: TaskStatus | null;
  successes: number;
  lastLease: string | undefined;
}

const violationsKept = 20;

/** Follows every task through the answers that the clients get, and notices what no client should ever see. */
export class Witness {
  /** Told of each assignment: the task's number, and at which stage. */
  onAssigned: (n: number, stage: Assignment['stage']) => void = () => undefined;
  /** Told once for each task that is over. */
  onFinal: (n: number, status: TaskStatus) => void = () => undefined;
  private readonly stories = new Map<string, Story>();
  private readonly approved = new Set<string>();
  private readonly violations: string[] = [];
  private violationCount = 0;
  private unanswered = 0;
  private registered = 0;
  private registrationsSent = 0;
  private acceptedCount = 0;
  private finalCount = 0;
  private assignedCount = 0;

  /** Tasks that were accepted and have not ended. */
  get open(): number {
    return this.acceptedCount - this.finalCount;
  }

  get accepted(): number {
    return this.acceptedCount;
  }

  get final(): number {
    return this.finalCount;
  }

  get assigned(): number {
    return this.assignedCount;
  }

  registrationSent(): void {
    this.registrationsSent += 1;
  }

  registrationAnswered(): void {
    this.registered += 1;
  }

  /** A submission was answered 202. */
  submitted(tenantId: string, taskId: string, n: number): void {
    const story = this.storyOf(tenantId, taskId);
    story.n = n;
    if (story.accepted) return;
    story.accepted = true;
    this.acceptedCount += 1;
  }

  /** Submissions whose answer never came. */
  gaveUp(count = 1): void {
    this.unanswered += count;
  }

  /** An agent was handed a task. Each attempt is handed out once, and later ones count upwards. */
  took(tenantId: string, agentId: string, assignment: Assignment): void {
    const { task, attempt, stage, approval } = assignment;
    const story = this.storyOf(tenantId, task.taskId);
    story.n = task.input.n;
    this.assignedCount += 1;
    if (attempt <= story.attempt)
      this.violation(`attempt ${attempt} of task ${task.taskId} was handed out again, to ${agentId}`);
    if (story.status !== null && isFinal(story.status))
      this.violation(`task ${task.taskId} was handed out after it was ${story.status}`);
    if (stage === 'EXECUTE' && (approval === undefined || !this.approved.has(approval.reviewId)))
      this.violation(`task ${task.taskId} came for execution, and nobody had approved it`);
    story.attempt = Math.max(story.attempt, attempt);
    this.onAssigned(story.n, stage);
  }

  /** A result was answered 200. */
  handedIn(tenantId: string, taskId: string, leaseToken: string, status: TaskStatus): void {
    const story = this.storyOf(tenantId, taskId);
    if (story.lastLease === leaseToken) return;
    story.lastLease = leaseToken;
    if (status === 'SUCCEEDED' && ++story.successes > 1)
      this.violation(`task ${taskId} was done ${story.successes} times`);
    this.moved(story, taskId, status);
  }

  /** The operator is about to approve: from now on, execution may come. */
  approves(reviewId: string): void {
    this.approved.add(reviewId);
  }

  /** A decision was answered 200, and with it the task has ended. */
  ended(tenantId: string, taskId: string, ending: TaskStatus): void {
    this.moved(this.storyOf(tenantId, taskId), taskId, ending);
  }

  /** The output of a task that is held was shown to its submitter. */
  saw(what: string): void {
    this.violation(what);
  }

  seen(): Seen {
    return {
      tasks: [...this.stories].map(([taskId, { tenantId, status, successes }]) => ({
        tenantId,
        taskId,
        status,
        successes,
      })),
      unanswered: this.unanswered,
      registered: this.registered,
      registrationsSent: this.registrationsSent,
      violations: this.violations,
      violationCount: this.violationCount,
    };
  }

  private moved(story: Story, taskId: string, status: TaskStatus): void {
    const before = story.status;
    if (before !== null && isFinal(before)) {
      if (status !== before) this.violation(`task ${taskId} was ${before} and then ${status}`);
      return;
    }
    story.status = status;
    if (!isFinal(status)) return;
    this.finalCount += 1;
    this.onFinal(story.n, status);
  }

  private storyOf(tenantId: string, taskId: string): Story {
    const known = this.stories.get(taskId);
    if (known) return known;
    const story: Story = {
      tenantId,
      n: -1,
      accepted: false,
      attempt: 0,
      status: null,
      successes: 0,
      lastLease: undefined,
    };
    this.stories.set(taskId, story);
    return story;
  }

  private violation(words: string): void {
    this.violationCount += 1;
    if (this.violations.length < violationsKept) this.violations.push(words);
  }
}

/** A status as an answer gives it. @throws Error for a word that is none. */
export function statusOf(text: unknown): TaskStatus {
  const status = taskStatuses.find((one) => one === text);
  if (status === undefined) throw new Error(`${String(text)} is no status of a task.`);
  return status;
}
