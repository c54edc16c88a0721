import type { Sample } from './sampler.js';
import type { Verdict } from './verdict.js';

/** The first part of a soak, in which caches fill and code is compiled. */
const settlingPart = 0.2;
/** Growth over the second half of the rest that counts as none, as a part of the mean. */
const tolerated = 0.05;

/** Tables that keep everything for good: they must grow with the tasks, and by no more for each. */
const keepsakes = ['tasks', 'results', 'audit_events', 'review_cards', 'approval_receipts', 'receipt_uses'];

const mebibyte = 2 ** 20;
/** Points of one line at most; more are put together. */
const mostCompared = 100;
/** With fewer, nothing can be said. */
const fewestPoints = 8;

/** Something that a server uses more or less of. */
interface Level {
  readonly name: string;
  /** Growth that is noise, in the level's own unit. */
  readonly slack: number;
  readonly read: (sample: Sample) => number | undefined;
}

/**
 * Whether what a server uses levels off. The first fifth is left out; the rest is cut in two halves, and a line laid
 * through each: the median of the slopes between its points (Theil and Sen), which a few outliers do not turn. A level has
 * levelled off when it grows over the second half by less than 5 % of its middle or by no more than noise (8 MiB of memory, 1 MiB
 * of Redis or of a table, 20 ms of lag, 16 handles), or at most half as fast as over the first: then all that would still come is
 * no more than what the second half has brought. The heap counts where it was just collected. Tables that keep everything for good are
 * judged by their bytes a task.
 */
export function levelsOff(samples: readonly Sample[], tasks: number): readonly Verdict[] {
  const levels: readonly Level[] = [
    { name: 'resident memory', slack: 8 * mebibyte, read: ({ api }) => api?.rssBytes },
    { name: 'heap in use', slack: 8 * mebibyte, read: heapInUse(samples) },
    { name: 'event-loop lag', slack: 20, read: ({ api }) => api?.lagP99Ms },
    { name: 'open handles', slack: 16, read: ({ api }) => api?.handles },
    { name: 'open files', slack: 16, read: ({ api }) => api?.files },
    { name: 'Redis memory', slack: mebibyte, read: ({ redisBytes }) => redisBytes ?? undefined },
    ...passingTables(samples).map((name): Level => ({
      name: `table ${name}`,
      slack: mebibyte,
      read: ({ tables }) => tables?.[name],
    })),
  ];
  const verdicts = levels.flatMap((level) => {
    const points = pointsOf(samples, level.read);
    return points.length < fewestPoints ? [] : [verdictOn(level, growth(points))];
  });
  return [...verdicts, ...keepsakes.flatMap((name) => perTask(samples, name, tasks))];
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** How a level grew over the second half, as a part of its mean, and its slope against that of the first half. */
export interface Growth {
  readonly part: number;
  readonly grown: number;
  readonly ratio: number;
}

/** How the points grow, without the first fifth of them. */
export function growth(points: readonly Point[]): Growth {
  const rest = points.slice(Math.floor(points.length * settlingPart));
  const middle = Math.floor(rest.length / 2);
  const [first, second] = [rest.slice(0, middle), rest.slice(middle)];
  const length = (second.at(-1)?.x ?? 0) - (second[0]?.x ?? 0);
  const level = medianOf(second.map(({ y }) => y));
  const slope = slopeOf(second);
  const grown = slope * length;
  return { grown, part: level === 0 ? 0 : grown / level, ratio: slope / Math.max(slopeOf(first), 1e-12) };
}

/** The slope of the line through the points: the median of the slopes between any two of them. */
export function slopeOf(points: readonly Point[]): number {
  const few = thinned(points);
  const slopes = few.flatMap((one, index) =>
    few
      .slice(index + 1)
      .flatMap((other) => (other.x === one.x ? [] : [(other.y - one.y) / (other.x - one.x)])),
  );
  return slopes.length === 0 ? 0 : medianOf(slopes);
}

/** The medians of so many successive parts: enough for a slope, and few enough to compare each with each. */
function thinned(points: readonly Point[]): readonly Point[] {
  const size = Math.ceil(points.length / mostCompared);
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) => {
    const part = points.slice(index * size, (index + 1) * size);
    return { x: medianOf(part.map(({ x }) => x)), y: medianOf(part.map(({ y }) => y)) };
  });
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const [below, above] = [sorted[middle - 1] ?? 0, sorted[middle] ?? 0];
  return sorted.length % 2 === 0 ? (below + above) / 2 : above;
}

/** What is left of the heap after a collection; of every sample where none was asked for. */
function heapInUse(samples: readonly Sample[]): Level['read'] {
  const known = samples.some(({ collected }) => collected);
  return ({ api, collected }) => (collected || !known ? api?.heapBytes : undefined);
}

function verdictOn({ name, slack }: Level, { part, grown, ratio }: Growth): Verdict {
  const kept = part <= tolerated || grown <= slack || ratio <= 0.5;
  return {
    promise: `${name} levels off: growth over the last 40 %`,
    measured: part * 100,
    unit: '%',
    floor: tolerated * 100,
    aim: undefined,
    kept,
  };
}

function pointsOf(samples: readonly Sample[], read: (sample: Sample) => number | undefined): Point[] {
  return samples.flatMap((sample) => {
    const y = read(sample);
    return y === undefined ? [] : [{ x: sample.at, y }];
  });
}

function passingTables(samples: readonly Sample[]): string[] {
  const last = samples.findLast(({ tables }) => tables !== null)?.tables ?? {};
  return Object.keys(last).filter((name) => !keepsakes.includes(name));
}

/** Bytes for each further task, over the second half against the first: steady growth has a ratio of 1. */
function perTask(samples: readonly Sample[], name: string, tasks: number): readonly Verdict[] {
  const points = pointsOf(samples, ({ tables }) => tables?.[name]);
  if (points.length < fewestPoints || tasks === 0) return [];
  const { ratio } = growth(points);
  return [
    {
      promise: `table ${name} grows no faster than before`,
      measured: ratio,
      unit: '×',
      floor: 1.5,
      aim: 1,
      kept: ratio <= 1.5,
    },
  ];
}
