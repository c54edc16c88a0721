import type { Json, Reason } from './contract.ts';

const replacement = '[removed]';

/**
 * The output without the passages that the reasons point at; `undefined` when a reason names no passage that can be taken
 * out (a key, a place that is not there), so that somebody has to look.
 */
export function redact(output: Json, reasons: readonly Reason[]): Json | undefined {
  const copy: { root: Json } = { root: structuredClone(output) };
  for (const [pointer, spans] of spansByPointer(reasons)) {
    const place = locate(copy, pointer);
    const text = place?.get();
    if (!place || typeof text !== 'string') return undefined;
    place.set(cut(text, spans));
  }
  return copy.root;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

interface Place {
  readonly get: () => Json | undefined;
  readonly set: (value: Json) => void;
}

function spansByPointer(reasons: readonly Reason[]): Map<string, Span[]> {
  const spans = new Map<string, Span[]>();
  for (const { pointer, start, end } of reasons) {
    if (pointer === null || start === null || end === null) continue;
    spans.set(pointer, [...(spans.get(pointer) ?? []), { start, end }]);
  }
  return spans;
}

/** Cuts from the back, so that the offsets of what is still to be cut stay true; overlapping spans become one. */
function cut(text: string, spans: readonly Span[]): string {
  const merged: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && span.start <= last.end)
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
    else merged.push(span);
  }
  return merged.reduceRight(
    (rest, { start, end }) => rest.slice(0, start) + replacement + rest.slice(end),
    text,
  );
}

/** Follows an RFC 6901 pointer. */
function locate(holder: { root: Json }, pointer: string): Place | undefined {
  let place: Place = { get: () => holder.root, set: (value) => (holder.root = value) };
  for (const token of pointer.split('/').slice(1)) {
    const next = step(place.get(), token.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (!next) return undefined;
    place = next;
  }
  return place;
}

function step(value: Json | undefined, token: string): Place | undefined {
  if (Array.isArray(value)) {
    const index = Number(token);
    return { get: () => value[index], set: (changed) => (value[index] = changed) };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  return { get: () => value[token], set: (changed) => (value[token] = changed) };
}
