import type { Reason } from '../../src/models/decision.js';
import { classOf, covers, type ExpectedFind, type LabelledCase } from './labelled-case.js';

/** How often something was there and found, and how often it was reported and there. */
export interface Tally {
  /** What the labels ask for, and how much of it was found. */
  readonly expected: number;
  readonly found: number;
  /** What fired, and how much of it the labels ask for. */
  readonly fired: number;
  readonly right: number;
}

export interface Quality extends Tally {
  /** found / expected; `null` where nothing was expected. */
  readonly recall: number | null;
  /** right / fired; `null` where nothing fired. */
  readonly precision: number | null;
  readonly f1: number | null;
}

/** One thing that was not found, or that fired and should not have. */
export interface Fault {
  readonly where: string;
  readonly family: string;
  /** The label that was not found, or the detector that fired. */
  readonly name: string;
  readonly output: string;
}

export interface Scores {
  readonly cases: number;
  readonly overall: Quality;
  readonly classes: Readonly<Record<string, Quality>>;
  readonly detectors: Readonly<Record<string, Quality>>;
  readonly families: Readonly<Record<string, Quality & { harmless: number; held: number }>>;
  /** Outputs without any label, and how many of them something fired in. */
  readonly harmless: { readonly cases: number; readonly held: number; readonly share: number | null };
  readonly misses: readonly Fault[];
  readonly falseAlarms: readonly Fault[];
}

const none: Tally = { expected: 0, found: 0, fired: 0, right: 0 };

/** Adds up, over all cases, how far what fired is what the labels say. */
export class Scoreboard {
  readonly #overall = new Tallies();
  readonly #classes = new Tallies();
  readonly #detectors = new Tallies();
  readonly #families = new Tallies();
  readonly #harmless = new Map<string, { harmless: number; held: number }>();
  readonly #misses: Fault[] = [];
  readonly #falseAlarms: Fault[] = [];
  #cases = 0;

  add(labelled: LabelledCase, reasons: readonly Reason[]): void {
    this.#cases += 1;
    const fired = distinct(labelled, reasons);
    if (labelled.expected.length === 0 && labelled.ignored.length === 0) {
      const count = this.#harmless.get(labelled.family) ?? { harmless: 0, held: 0 };
      const held = count.held + (reasons.length > 0 ? 1 : 0);
      this.#harmless.set(labelled.family, { harmless: count.harmless + 1, held });
    }
    for (const find of labelled.expected) this.#expect(labelled, find, fired);
    for (const reason of fired) this.#fire(labelled, reason);
  }

  scores(): Scores {
    const counts = [...this.#harmless.values()];
    const cases = counts.reduce((sum, { harmless }) => sum + harmless, 0);
    const held = counts.reduce((sum, count) => sum + count.held, 0);
    const families = new Set([...this.#families.names(), ...this.#harmless.keys()]);
    return {
      cases: this.#cases,
      overall: this.#overall.quality('all'),
      classes: this.#classes.qualities(),
      detectors: this.#detectors.qualities(),
      families: Object.fromEntries(
        [...families]
          .sort()
          .map((name) => [
            name,
            { ...this.#families.quality(name), ...(this.#harmless.get(name) ?? { harmless: 0, held: 0 }) },
          ]),
      ),
      harmless: { cases, held, share: cases === 0 ? null : held / cases },
      misses: this.#misses,
      falseAlarms: this.#falseAlarms,
    };
  }

  /** A find counts for its detector if that one found it, and for its class if any detector of the class did. */
  #expect(labelled: LabelledCase, find: ExpectedFind, fired: readonly Reason[]): void {
    const there = fired.filter((reason) => touches(find, reason));
    const byClass = there.some((reason) => classOf(reason.detector) === classOf(find.label));
    const byDetector = there.some((reason) => covers(find.label, reason.detector));
    const tally = { expected: 1, found: byClass ? 1 : 0 };
    this.#overall.add('all', tally);
    this.#families.add(labelled.family, tally);
    this.#classes.add(classOf(find.label) ?? find.label, tally);
    if (find.label.includes('/')) this.#detectors.add(find.label, { expected: 1, found: byDetector ? 1 : 0 });
    if (!byDetector) this.#misses.push(faultOf(labelled, find.label));
  }

  #fire(labelled: LabelledCase, reason: Reason): void {
    const { detector } = reason;
    if (labelled.ignored.some((find) => touches(find, reason))) return;
    const there = labelled.expected.filter((find) => touches(find, reason));
    const byClass = there.some((find) => classOf(find.label) === classOf(detector));
    const byDetector = there.some((find) => covers(find.label, detector));
    const tally = { fired: 1, right: byClass ? 1 : 0 };
    this.#overall.add('all', tally);
    this.#families.add(labelled.family, tally);
    this.#classes.add(classOf(detector) ?? detector, tally);
    this.#detectors.add(detector, { fired: 1, right: byDetector ? 1 : 0 });
    if (!byDetector) this.#falseAlarms.push(faultOf(labelled, detector));
  }
}

class Tallies {
  readonly #byName = new Map<string, Tally>();

  add(name: string, more: Partial<Tally>): void {
    const known = this.#byName.get(name) ?? none;
    this.#byName.set(name, {
      expected: known.expected + (more.expected ?? 0),
      found: known.found + (more.found ?? 0),
      fired: known.fired + (more.fired ?? 0),
      right: known.right + (more.right ?? 0),
    });
  }

  names(): string[] {
    return [...this.#byName.keys()].sort();
  }

  quality(name: string): Quality {
    return qualityOf([this.#byName.get(name) ?? none]);
  }

  qualities(): Record<string, Quality> {
    return Object.fromEntries(this.names().map((name) => [name, this.quality(name)]));
  }
}

/** The quality of several tallies taken as one. */
export function qualityOf(tallies: readonly Tally[]): Quality {
  const sum = (part: keyof Tally): number => tallies.reduce((total, tally) => total + tally[part], 0);
  const [expected, found, fired, right] = [sum('expected'), sum('found'), sum('fired'), sum('right')];
  const recall = expected === 0 ? null : found / expected;
  const precision = fired === 0 ? null : right / fired;
  const f1 =
    recall === null || precision === null || recall + precision === 0
      ? null
      : (2 * recall * precision) / (recall + precision);
  return { expected, found, fired, right, recall, precision, f1 };
}

/** What fired, but for the reason that stands for many; without places in the labels, each detector once. */
function distinct({ expected, ignored }: LabelledCase, reasons: readonly Reason[]): Reason[] {
  const listed = reasons.filter(({ detector }) => detector !== 'GATE/MORE');
  if ([...expected, ...ignored].some((find) => find.place !== undefined)) return listed;
  return [...new Map(listed.map((reason) => [reason.detector, reason])).values()];
}

/** Whether a reason is about the place of a find; one of them without a place is about the whole output. */
function touches({ place }: ExpectedFind, { pointer, start, end }: Reason): boolean {
  if (place === undefined || pointer === null || start === null || end === null) return true;
  return place.pointer === pointer && place.start < end && start < place.end;
}

function faultOf({ where, family, output }: LabelledCase, name: string): Fault {
  return { where, family, name, output: typeof output === 'string' ? output : JSON.stringify(output) };
}
