import { setTimeout as delay } from 'node:timers/promises';
import type { DescribedOperation } from '../../src/api/described-operations.js';
import { problems } from '../../src/api/problems.js';
import { type AnswerBody, textOf } from '../support/client.js';
import { type Description, descriptionOf } from '../integration/api/description.js';
import { Line, type TimedAnswer } from './line.js';
import type { WireAnswer } from '../support/wire.js';
import { drawPlans } from './plan.js';
import { bytesOf, type FuzzRequest, reproductionOf, requestOf } from './request.js';
import { changedTables, type Rows } from './rows.js';
import { Scene } from './scene.js';

/** What a request brought to light. */
export interface Finding {
  readonly what: string;
  readonly route: string;
  /** A line for a shell. */
  readonly reproduction: string;
}

export interface FuzzReport {
  readonly sent: number;
  readonly findings: readonly Finding[];
  /** Requests by route, and answers by status. */
  readonly routes: ReadonlyMap<string, number>;
  readonly statuses: ReadonlyMap<string, number>;
  /** How long the slowest took, in milliseconds, the slowest first. */
  readonly slowest: readonly { readonly ms: number; readonly route: string }[];
  /** How many refused requests were sent again while nothing else was, and left every row as it was. */
  readonly heldToRows: number;
}

/** Requests under way at a time. */
const lines = 8;
/** Requests between two looks at the rows. */
const slice = 240;
/** Who asks to wait, waits; what is not asked to and takes longer than this, hangs. In milliseconds. */
const answerBoundMs = 20_000;
/** What takes longer than this is asked again by itself: on a busy machine anything may be late once. In milliseconds. */
const slowMs = 1_000;
const maxFindings = 40;
/** After so many slices another tenant takes over. */
const roundsOfTenant = 20;

/** One run of the suite against one server. */
export class Fuzz {
  readonly #findings: Finding[] = [];
  readonly #routes = new Map<string, number>();
  readonly #statuses = new Map<string, number>();
  #slowest: { readonly ms: number; readonly route: string }[] = [];
  #sent = 0;
  #heldToRows = 0;

  private constructor(
    private readonly url: URL,
    private readonly description: Description,
    private scene: Scene,
    private readonly rows: Rows,
  ) {}

  static async against(url: string, rows: Rows): Promise<Fuzz> {
    return new Fuzz(new URL(url), await descriptionOf(url), await Scene.open(url), rows);
  }

  /** @param say Told of every finding as it comes. */
  async run(seed: number, requests: number, say: (words: string) => void): Promise<FuzzReport> {
    for (let round = 0; this.#sent < requests && this.#findings.length < maxFindings; round += 1) {
      const before = this.#findings.length;
      // A tenant that has seen much is slow to test policies on.
      if (round % roundsOfTenant === roundsOfTenant - 1) this.scene = await Scene.open(this.url.origin);
      await this.scene.refill();
      const drawn = this.#draw(seed, round);
      const refused = await this.#sendAll(drawn);
      await this.#holdToRows(refused);
      for (const { what, reproduction } of this.#findings.slice(before))
        say(`✗ ${what}\n    ${reproduction}`);
    }
    await this.#mustBeWell();
    return {
      ...{ sent: this.#sent, findings: this.#findings, routes: this.#routes, statuses: this.#statuses },
      ...{ slowest: this.#slowest, heldToRows: this.#heldToRows },
    };
  }

  /** Each route in its turn. */
  #draw(seed: number, round: number): readonly FuzzRequest[] {
    const { operations } = this.description;
    return drawPlans(seed, round, slice).flatMap((plan, index) => {
      const described: DescribedOperation | undefined =
        operations[(round * slice + index) % operations.length];
      return described ? [requestOf(described, plan, this.scene)] : [];
    });
  }

  /** Sends them all, some at a time. Answers those that were refused. */
  async #sendAll(requests: readonly FuzzRequest[]): Promise<readonly FuzzRequest[]> {
    const refused: FuzzRequest[] = [];
    const rest = [...requests];
    const work = async () => {
      const line = new Line(Number(this.url.port));
      for (let request = rest.shift(); request; request = rest.shift()) {
        const answer = await this.#send(line, request);
        if (answer && answer.status >= 400 && answer.status < 500) refused.push(request);
        // What follows a body of another length than was said is no answer to the next request.
        if (!request.isPlain) line.close();
      }
      line.close();
    };
    await Promise.all(Array.from({ length: lines }, work));
    return refused;
  }

  async #send(line: Line, request: FuzzRequest): Promise<WireAnswer | undefined> {
    this.#sent += 1;
    count(this.#routes, request.route);
    const isHead = request.method === 'HEAD';
    try {
      const answer = await ask(line, request, isHead);
      count(this.#statuses, String(answer.status));
      const fault = this.#faultOf(request, answer);
      if (fault !== undefined) this.#note(fault, request);
      await this.#watchTime(request, answer.ms);
      return answer;
    } catch (error) {
      count(this.#statuses, 'none');
      this.#note(`${request.route}: ${error instanceof Error ? error.message : String(error)}`, request);
      return undefined;
    }
  }

  #faultOf(request: FuzzRequest, { status, headers, body: text }: WireAnswer): string | undefined {
    const { method, target, route } = request;
    if (status >= 500 || status < 200) return `${route} answered ${status}: ${text.slice(0, 300)}`;
    if (method === 'HEAD') return undefined;
    const isJson = /^application\/(problem\+)?json/.test(headers.get('content-type') ?? '');
    try {
      const body = (isJson ? JSON.parse(text) : {}) as AnswerBody;
      if (status >= 400) mustBeProblem(status, headers, body);
      // What cannot be read as HTTP has reached no route.
      const reached = !(status === 400 && textOf(body.instance) === '/');
      if (request.isPlain && reached && status !== 404 && isAddress(target))
        this.description.check(method, target, { status, headers, body });
      return undefined;
    } catch (error) {
      return `${route}: ${error instanceof Error ? error.message : String(error)}`.slice(0, 1_500);
    }
  }

  /** A slow answer is a finding when it is slow each of three times that nothing else is asked. */
  async #watchTime(request: FuzzRequest, ms: number): Promise<void> {
    this.#slowest = [...this.#slowest, { ms, route: request.route }]
      .toSorted((a, b) => b.ms - a.ms)
      .slice(0, 5);
    if (ms <= slowMs || waits(request)) return;
    const times: number[] = [];
    for (let time = 0; time < 3; time += 1) {
      const line = new Line(Number(this.url.port));
      times.push((await ask(line, request, request.method === 'HEAD')).ms);
      line.close();
    }
    if (Math.min(...times) > slowMs)
      this.#note(`${request.route} took ${Math.round(Math.min(...times))} ms`, request);
  }

  /** Sends what was refused once more, and nothing else, until all of it is refused: then no row may have changed. */
  async #holdToRows(refused: readonly FuzzRequest[]): Promise<void> {
    let rest = refused;
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const before = await this.#settled();
      const again = await this.#sendAll(rest);
      const changed = changedTables(before, await this.rows.sums());
      if (again.length === rest.length) {
        if (changed.length === 0) this.#heldToRows += again.length;
        else await this.#findWriter(again);
        return;
      }
      rest = again;
    }
  }

  /** One by one, to know which it was. */
  async #findWriter(requests: readonly FuzzRequest[]): Promise<void> {
    for (const request of requests) {
      const before = await this.#settled();
      const [again] = await this.#sendAll([request]);
      const changed = changedTables(before, await this.rows.sums());
      if (again && changed.length > 0)
        this.#note(`${request.route} was refused and changed ${changed.join(', ')}`, request);
    }
  }

  /** Once nothing is written any more, as by backtests that were asked for. */
  async #settled() {
    for (let sums = await this.rows.sums(); ;) {
      await delay(15);
      const later = await this.rows.sums();
      if (changedTables(sums, later).length === 0 && !(await this.rows.areAwaited())) return later;
      sums = later;
    }
  }

  async #mustBeWell(): Promise<void> {
    const { status } = await fetch(new URL('/health/ready', this.url));
    if (status === 200) return;
    this.#findings.push({
      what: `The server is not ready: ${status}`,
      route: 'GET /health/ready',
      reproduction: '',
    });
  }

  /** A fault that shows in many requests of a route is told once. */
  #note(what: string, request: FuzzRequest): void {
    const { route } = request;
    const kind = (words: string) => words.replaceAll(/[0-9a-f-]{8,}|\d+/g, '').slice(0, 120);
    if (this.#findings.some((one) => one.route === route && kind(one.what) === kind(what))) return;
    this.#findings.push({ what, route, reproduction: reproductionOf(request, this.url.port) });
  }
}

/** A connection that the server ended meanwhile takes no request: another one does. */
async function ask(line: Line, request: FuzzRequest, isHead: boolean): Promise<TimedAnswer> {
  const bytes = bytesOf(request);
  const reused = line.isOpen;
  try {
    return await line.ask(bytes, isHead, answerBoundMs + (waits(request) ? 30_000 : 0));
  } catch (error) {
    if (!reused || line.hasHeard) throw error;
    return line.ask(bytes, isHead, answerBoundMs);
  }
}

/** Whether the caller asks to be kept waiting. */
function waits({ target, body }: FuzzRequest): boolean {
  return target.includes('waitMs') || body?.includes('waitMs') === true;
}

function mustBeProblem(status: number, headers: Headers, body: AnswerBody): void {
  const code: unknown = body.code;
  const isKnown = typeof code === 'string' && code in problems;
  const isProblem = headers.get('content-type') === 'application/problem+json; charset=utf-8';
  if (isProblem && isKnown && Number(body.status) === status && headers.has('x-request-id')) return;
  throw new Error(`answered ${status} with no problem: ${JSON.stringify(body).slice(0, 300)}`);
}

/** Whether the path is read alike by everybody: no empty, dotted or escaped parts. */
function isAddress(target: string): boolean {
  const [path = ''] = target.split('?', 1);
  return /^(?:\/[\w:-][\w:.-]*)+$/.test(path);
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
