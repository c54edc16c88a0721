import type { ContentHit } from '../models/content-hit.js';
import { gravestCode, reasonCodes } from '../models/decision.js';
import { placeInOutput, type OutputPlace } from '../models/output-text.js';
import type { Finding } from '../ports/safety-detector.js';

/** A finding, and where it stands in the output. */
interface PlacedFinding extends Finding {
  readonly at: OutputPlace;
}

/**
 * Gathers findings in bounded memory, however many there are.
 *
 * Overlapping findings of one detector become one. At most `limit` hits are answered: those that deny first, then one of
 * each detector, then in the order of the output; one more hit says how many were left out.
 */
export class FindingLedger {
  readonly #kept = new Map<string, PlacedFinding[]>();
  #count = 0;
  #total = 0;

  constructor(readonly limit: number) {}

  add(found: Finding): void {
    const finding = { ...found, at: placeInOutput(found.segment, found.start, found.end) };
    const known = this.#kept.get(finding.detector);
    const last = known?.at(-1);
    if (known && last && overlap(last, finding)) {
      known[known.length - 1] = joined(last, finding);
      return;
    }
    this.#total += 1;
    if (known === undefined) this.#kept.set(finding.detector, [finding]);
    else if (known.length >= this.limit || this.#count >= 10 * this.limit) return;
    else known.push(finding);
    this.#count += 1;
  }

  hits(): ContentHit[] {
    const found = [...this.#kept.values()].map(merged);
    const mergedAway = this.#count - found.reduce((sum, findings) => sum + findings.length, 0);
    const ranked = found.flatMap((findings) => findings.map((finding, nth) => ({ finding, nth })));
    ranked.sort(
      (one, other) =>
        Number(other.finding.action === 'DENY') - Number(one.finding.action === 'DENY') ||
        Number(one.nth > 0) - Number(other.nth > 0) ||
        byPlace(one.finding, other.finding),
    );
    const listed = ranked.slice(0, this.limit).map(({ finding }) => finding);
    const left = ranked.slice(this.limit).map(({ finding }) => finding);
    const hits = listed.sort(byPlace).map(hitOf);
    const more = this.#total - mergedAway - listed.length;
    return more > 0 ? [...hits, moreHits(more, left.length > 0 ? left : listed)] : hits;
  }
}

/** What fires in an edited output and did not in the original: another detector, or another text. */
export function hitsAdded(original: readonly ContentHit[], edited: readonly ContentHit[]): ContentHit[] {
  const known = new Set(original.map(identityOf));
  return edited.filter((hit) => hit.reason.pointer === null || !known.has(identityOf(hit)));
}

/** A hit that stands for what the gate could not look at. */
export function gateError(detector: string, detail: string): ContentHit {
  return { reason: { code: 'GATE_ERROR', detector, detail, ...nowhere }, action: 'HITL', matched: '' };
}

const nowhere = { pointer: null, start: null, end: null } as const;

function identityOf(hit: ContentHit): string {
  return `${hit.reason.detector}\n${hit.matched}`;
}

function hitOf(finding: PlacedFinding): ContentHit {
  const { code, detector, segment, action, at } = finding;
  const detail = `${finding.detail}${placeOf(finding)}.`;
  const matched = segment.folded.slice(finding.start, finding.end);
  return {
    reason: { code, detector, detail, pointer: at.pointer, start: at.start, end: at.end },
    action,
    matched,
  };
}

function placeOf({ at, segment }: PlacedFinding): string {
  const how = segment.reading === 'DECODED' ? ', once decoded' : '';
  if (at.place === 'NAME') return `${how}, in the key`;
  return at.place === 'NUMBER' ? ', in a number' : how;
}

function moreHits(count: number, of: readonly PlacedFinding[]): ContentHit {
  const code = gravestCode(of.map((finding) => hitOf(finding).reason)) ?? 'GATE_ERROR';
  const action = of.some((finding) => finding.action === 'DENY') ? 'DENY' : 'HITL';
  const detail = `${count} more hits are not listed.`;
  return { reason: { code, detector: 'GATE/MORE', detail, ...nowhere }, action, matched: '' };
}

function byPlace(one: PlacedFinding, other: PlacedFinding): number {
  return (
    reasonCodes.indexOf(one.code) - reasonCodes.indexOf(other.code) ||
    one.at.index - other.at.index ||
    one.at.start - other.at.start ||
    one.at.end - other.at.end ||
    (one.detector < other.detector ? -1 : Number(one.detector > other.detector))
  );
}

function overlap(one: PlacedFinding, other: PlacedFinding): boolean {
  return one.at.index === other.at.index && one.at.start < other.at.end && other.at.start < one.at.end;
}

/** Both as one: what was found in the text as it was written says what it is, else the first. */
function joined(one: PlacedFinding, other: PlacedFinding): PlacedFinding {
  const [start, end] = [Math.min(one.at.start, other.at.start), Math.max(one.at.end, other.at.end)];
  const at = { ...one.at, start, end };
  if (one.segment !== other.segment) return { ...(one.segment.reading === 'WRITTEN' ? one : other), at };
  return { ...one, start: Math.min(one.start, other.start), end: Math.max(one.end, other.end), at };
}

function merged(findings: readonly PlacedFinding[]): PlacedFinding[] {
  const result: PlacedFinding[] = [];
  for (const finding of [...findings].sort(byPlace)) {
    const last = result.at(-1);
    if (last && overlap(last, finding)) result[result.length - 1] = joined(last, finding);
    else result.push(finding);
  }
  return result;
}
