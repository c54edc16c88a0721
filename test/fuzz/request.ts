import type { DescribedOperation } from '../../src/api/described-operations.js';
import { mayDo, tenantRoles } from '../../src/models/access.js';
import type { JsonObject, JsonValue } from '../../src/models/json.js';
import type { Asker, Change, Plan } from './plan.js';
import type { Scene } from './scene.js';
import { validRequest } from './valid-requests.js';

/** A request as it is written on the wire. */
export interface FuzzRequest {
  /** The route that it is meant for, as the description has it. */
  readonly route: string;
  readonly asker: Asker;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | undefined;
  /** Whether method, target and framing are such that the answer and the connection are as usual. */
  readonly isPlain: boolean;
}

/** A request while it is being made: its body is text, with a mark where what is no JSON is to stand. */
interface Draft {
  readonly path: string;
  method: string;
  params: Record<string, string>;
  query: string[];
  headers: [string, string][];
  body: JsonObject | undefined;
  marks: { readonly mark: string; readonly text: string }[];
  bytes: Buffer | undefined;
  isPlain: boolean;
}

/** Headers that decide where an answer comes from and whether the connection goes on. */
const framing: ReadonlySet<string> = new Set(['connection', 'upgrade', 'expect', 'host']);

/** The bytes of a plan for the route, with what the scene has at the moment. */
export function requestOf(described: DescribedOperation, plan: Plan, scene: Scene): FuzzRequest {
  const route = `${described.method.toUpperCase()} ${described.path}`;
  const valid = validRequest(route, scene.things, plan.which);
  const key = keyFor(described, plan, scene);
  const draft: Draft = {
    path: described.path,
    method: described.method.toUpperCase(),
    params: { ...valid.params, tenantId: scene.own.tenantId },
    query: Object.entries(valid.query ?? {}).map(([name, value]) => `${name}=${encodeURIComponent(value)}`),
    headers: [
      ['host', 'localhost'],
      ...(key === undefined ? [] : [['authorization', `Bearer ${key}`] as [string, string]]),
      ...Object.entries(valid.headers ?? {}),
    ],
    body: valid.body === undefined ? undefined : structuredClone(valid.body),
    marks: [],
    bytes: undefined,
    isPlain: true,
  };
  for (const [index, change] of plan.changes.entries()) apply(change, draft, `@mark-${index}@`);
  return written(draft, route, plan.asker);
}

function keyFor({ operation }: DescribedOperation, { asker, which }: Plan, scene: Scene): string | undefined {
  if (asker !== 'able') return scene.keyOf(asker);
  const needs = operation['x-needs'];
  if (needs === undefined || needs === 'PUBLIC') return undefined;
  const able = tenantRoles.filter((role) => mayDo(role, needs));
  return scene.keyOf(able[which % Math.max(1, able.length)] ?? 'ADMIN');
}

function written(draft: Draft, route: string, asker: Asker): FuzzRequest {
  const path = draft.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => draft.params[name] ?? 'none');
  const target = draft.query.length === 0 ? path : `${path}?${draft.query.join('&')}`;
  const body = draft.bytes ?? (draft.body && Buffer.from(markedText(draft.body, draft)));
  const has = (name: string) => draft.headers.some(([one]) => one.toLowerCase() === name);
  if (body && !has('content-type')) draft.headers.push(['content-type', 'application/json']);
  if (body) draft.headers.push(['content-length', String(body.length)]);
  const { method, headers, isPlain } = draft;
  return { route, asker, method, target, headers, body, isPlain };
}

function markedText(body: JsonObject, { marks }: Draft): string {
  return marks.reduce(
    (text, { mark, text: put }) => text.replace(JSON.stringify(mark), () => put),
    JSON.stringify(body),
  );
}

function apply(change: Change, draft: Draft, mark: string): void {
  switch (change.of) {
    case 'member':
      changeMember(change, draft, mark);
      return;
    case 'addition':
      addMember(change, draft, mark);
      return;
    case 'body':
      draft.bytes = change.bytes;
      return;
    case 'path': {
      const names = [...draft.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
      const name = names[change.where % Math.max(1, names.length)];
      if (name !== undefined) draft.params[name] = change.text;
      return;
    }
    case 'query':
      changeQuery(change, draft);
      return;
    case 'header': {
      const { name, value, beside } = change.header;
      if (!beside) draft.headers = draft.headers.filter(([one]) => one !== name);
      draft.headers.push([name, value]);
      if (framing.has(name)) draft.isPlain = false;
      return;
    }
    case 'method':
      draft.method = change.method;
      draft.isPlain = false;
  }
}

/** A place in a body where there is a value. */
interface Place {
  readonly parent: JsonObject | JsonValue[];
  readonly name: string;
}

function placesIn(value: JsonValue): readonly Place[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [{ parent: value, name }, ...placesIn(inner)]);
}

function changeMember({ how, where, json }: Change & { of: 'member' }, draft: Draft, mark: string): void {
  const places = placesIn((draft.body ??= {}));
  const place = places[where % Math.max(1, places.length)];
  if (!place) return;
  const { parent, name } = place;
  const former = Reflect.get(parent, name) as JsonValue;
  if (how === 'remove') {
    Reflect.deleteProperty(parent, name);
    return;
  }
  const again = how === 'twice' && !Array.isArray(parent);
  draft.marks.push({
    mark,
    text: again ? `${JSON.stringify(former)},${JSON.stringify(name)}:${json}` : json,
  });
  Reflect.set(parent, name, mark);
}

function addMember({ where, name, json }: Change & { of: 'addition' }, draft: Draft, mark: string): void {
  const body = (draft.body ??= {});
  const objects = [body, ...placesIn(body).map(({ parent }) => parent)].filter((one) => !Array.isArray(one));
  const parent = objects[where % objects.length];
  if (!parent) return;
  Object.defineProperty(parent, name, { value: mark, enumerable: true, configurable: true, writable: true });
  draft.marks.push({ mark, text: json });
}

function changeQuery({ where, name, text }: Change & { of: 'query' }, draft: Draft): void {
  const index = where % (draft.query.length + 1);
  const present = draft.query[index]?.split('=', 1)[0];
  if (present === undefined) draft.query.push(`${encodeURIComponent(name.toWellFormed())}${text}`);
  else draft.query[index] = `${present}${text}`;
}

/** Characters of headers are bytes: Latin-1. */
export function bytesOf({ method, target, headers, body }: FuzzRequest): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body ?? Buffer.alloc(0)]);
}

/** A line for a shell that sends the same bytes to the server, whose credential `$KEY` is. */
export function reproductionOf(request: FuzzRequest, port: string): string {
  const bytes = bytesOf({
    ...request,
    headers: request.headers.map(([name, value]) =>
      name === 'authorization' && /^Bearer [\w-]{30,}$/.test(value) ? [name, 'Bearer $KEY'] : [name, value],
    ),
  });
  const quoted = [...bytes.subarray(0, 4_000)].map(inPrintf).join('');
  const cut = bytes.length > 4_000 ? ` # and ${bytes.length - 4_000} bytes more` : '';
  return `printf "${quoted}" | nc localhost ${port}${cut} # as ${request.asker}`;
}

/** A byte as bash's printf in double quotes takes it; `$KEY` stays what it is. */
function inPrintf(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === '\r') return '\\r';
  if (character === '\n') return '\\n';
  if (character === '%') return '%%';
  if (/[\\"`!]/.test(character) || byte < 0x20 || byte > 0x7e)
    return `\\${byte.toString(8).padStart(3, '0')}`;
  return character;
}
