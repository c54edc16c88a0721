import pRetry from 'p-retry';
import type {
  AgentRegistration,
  ApiKey,
  Assignment,
  Heartbeat,
  HeartbeatAnswer,
  Page,
  Problem,
  ResultReceipt,
  ResultSubmission,
  ReviewCard,
  ReviewDecision,
  Role,
  Session,
  Stats,
  SubmissionReceipt,
  Task,
  TaskSubmission,
} from './contract.ts';

const retriedStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const callTimeoutMs = 15_000;

/** The server answered, and the answer was no. `code` is the stable code of the contract. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(call: string, status: number, problem: Problem) {
    super(`${call} was answered ${status}: ${problem.detail ?? problem.title ?? 'no reason given'}`);
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code ?? 'UNKNOWN';
  }
}

/** The server did not answer: it is down, starting, or too slow. */
export class UnreachableError extends Error {
  constructor(call: string, cause: unknown) {
    super(`${call} got no answer: ${causeText(cause)}`, { cause });
    this.name = 'UnreachableError';
  }
}

/** Whether this is the server's refusal with one of these codes. */
export function isRefusal(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof ApiError && codes.includes(error.code);
}

/** Whether the server may well do later what it did not do now. */
export function isTransient(error: unknown): boolean {
  return (
    error instanceof UnreachableError || (error instanceof ApiError && retriedStatuses.has(error.status))
  );
}

export interface ClientOptions {
  /** Where the server is, for example `http://localhost:3000`. */
  readonly url: string;
  readonly tenantId: string;
  readonly key: string;
  /** How long a call is tried again while the server does not answer, in ms; asked before every repetition. */
  readonly patienceMs: () => number;
  /** Told of every call that is going to be repeated. */
  readonly onRetry: () => void;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** How long one attempt may take, in ms. */
  readonly timeoutMs?: number;
}

/**
 * One credential's view of one tenant, over HTTP.
 *
 * A call that gets no answer, or "not now" (429, 502, 503, 504), is repeated with growing, randomised pauses until the
 * patience is used up; every call here may be repeated without harm. Any other refusal is an {@link ApiError} at once.
 */
export class ChimeraClient {
  readonly #options: ClientOptions;
  readonly #tenantPath: string;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#tenantPath = `/v1/tenants/${options.tenantId}`;
  }

  /** Makes the tenant; one that is there already is as good. */
  async createTenant(name: string): Promise<void> {
    try {
      const body = { tenantId: this.#options.tenantId, name };
      await this.#json({ method: 'POST', path: '/v1/tenants', body });
    } catch (error) {
      if (!isRefusal(error, 'TENANT_EXISTS')) throw error;
    }
  }

  createKey(name: string, role: Role): Promise<ApiKey> {
    return this.#json({ method: 'POST', path: `${this.#tenantPath}/api-keys`, body: { name, role } });
  }

  createSession(requestedBy: string): Promise<Session> {
    return this.#json({ method: 'POST', path: `${this.#tenantPath}/sessions`, body: { requestedBy } });
  }

  register(agentId: string, registration: AgentRegistration): Promise<unknown> {
    return this.#json({ method: 'PUT', path: this.#agentPath(agentId), body: registration });
  }

  heartbeat(agentId: string, heartbeat: Heartbeat, signal?: AbortSignal): Promise<HeartbeatAnswer> {
    return this.#json({
      method: 'POST',
      path: `${this.#agentPath(agentId)}/heartbeat`,
      body: heartbeat,
      signal,
    });
  }

  async deregister(agentId: string): Promise<void> {
    await this.#send({ method: 'DELETE', path: this.#agentPath(agentId) });
  }

  /** Waits up to `waitMs` (0–30,000) for work; no work is an empty list. */
  async claim(
    agentId: string,
    maxTasks: number,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<readonly Assignment[]> {
    const { items } = await this.#json<{ items: readonly Assignment[] }>({
      method: 'POST',
      path: `${this.#agentPath(agentId)}/claims`,
      body: { maxTasks, waitMs },
      signal,
      timeoutMs: waitMs + callTimeoutMs,
    });
    return items;
  }

  /** Submits once: the same key and task are the same task, however often they are sent. */
  submit(task: TaskSubmission, idempotencyKey: string): Promise<SubmissionReceipt> {
    const headers = { 'idempotency-key': idempotencyKey };
    return this.#json({ method: 'POST', path: `${this.#tenantPath}/tasks`, body: task, headers });
  }

  handIn(taskId: string, result: ResultSubmission): Promise<ResultReceipt> {
    return this.#json({ method: 'POST', path: `${this.#tenantPath}/tasks/${taskId}/results`, body: result });
  }

  async release(taskId: string, agentId: string, leaseToken: string): Promise<void> {
    const path = `${this.#tenantPath}/tasks/${taskId}/release`;
    await this.#send({ method: 'POST', path, body: { agentId, leaseToken } });
  }

  /** Every task of the session, all pages. */
  tasksOf(sessionId: string): AsyncGenerator<Task> {
    return this.#list(`${this.#tenantPath}/tasks?sessionId=${sessionId}&limit=200`);
  }

  /** The oldest cards that wait for a person. */
  async pendingReviews(limit: number, signal?: AbortSignal): Promise<readonly ReviewCard[]> {
    const path = `${this.#tenantPath}/reviews?status=PENDING&limit=${limit}`;
    const page = await this.#json<Page<ReviewCard>>({ method: 'GET', path, signal });
    return page.items;
  }

  /** The card and the ETag of the version that was read. */
  async review(reviewId: string): Promise<{ card: ReviewCard; etag: string | null }> {
    const response = await this.#send({ method: 'GET', path: `${this.#tenantPath}/reviews/${reviewId}` });
    return { card: (await response.json()) as ReviewCard, etag: response.headers.get('etag') };
  }

  /** Decides the version of the card that the ETag names. */
  decide(reviewId: string, decision: ReviewDecision, etag: string | null): Promise<ReviewCard> {
    const headers = etag === null ? {} : { 'if-match': etag };
    const path = `${this.#tenantPath}/reviews/${reviewId}/decision`;
    return this.#json({ method: 'POST', path, body: decision, headers });
  }

  stats(signal?: AbortSignal): Promise<Stats> {
    return this.#json({ method: 'GET', path: `${this.#tenantPath}/stats`, signal });
  }

  #agentPath(agentId: string): string {
    return `${this.#tenantPath}/agents/${encodeURIComponent(agentId)}`;
  }

  async *#list<T>(path: string): AsyncGenerator<T> {
    let next: string | null = path;
    while (next !== null) {
      const page: Page<T> = await this.#json({ method: 'GET', path: next });
      yield* page.items;
      next = page.nextCursor === null ? null : `${path}&cursor=${encodeURIComponent(page.nextCursor)}`;
    }
  }

  async #json<T>(call: Call): Promise<T> {
    const response = await this.#send(call);
    return (await response.json()) as T;
  }

  #send(call: Call): Promise<Response> {
    const begun = performance.now();
    return pRetry(() => this.#attempt(call), {
      retries: Infinity,
      minTimeout: 150,
      factor: 1.7,
      maxTimeout: 3_000,
      randomize: true,
      signal: call.signal,
      shouldRetry: ({ error }) => {
        const again = isTransient(error) && performance.now() - begun < this.#options.patienceMs();
        if (again) this.#options.onRetry();
        return again;
      },
    });
  }

  async #attempt(call: Call): Promise<Response> {
    const name = `${call.method} ${call.path}`;
    const response = await this.#fetch(call).catch((cause: unknown) => {
      call.signal?.throwIfAborted();
      throw new UnreachableError(name, cause);
    });
    if (response.ok) return response;
    throw new ApiError(name, response.status, await problemIn(response));
  }

  async #fetch(call: Call): Promise<Response> {
    const timeout = AbortSignal.timeout(call.timeoutMs ?? callTimeoutMs);
    const headers = new Headers({ authorization: `Bearer ${this.#options.key}`, ...call.headers });
    const init: RequestInit = {
      method: call.method,
      headers,
      signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
    };
    if (call.body !== undefined) {
      headers.set('content-type', 'application/json');
      init.body = JSON.stringify(call.body);
    }
    const response = await fetch(new URL(call.path, this.#options.url), init);
    // Read to the end here, so that a connection that breaks in mid-answer counts as no answer and is tried again.
    const body = await response.arrayBuffer();
    return new Response(response.status === 204 ? null : body, {
      status: response.status,
      headers: response.headers,
    });
  }
}

async function problemIn(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  return typeof body === 'object' && body !== null ? body : {};
}

function causeText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? cause.cause.message || cause.cause.name : cause.message;
}
