import type { Sample } from './sampler.js';
import type { Verdict } from './verdict.js';

/** The first part of a soak, in which caches fill and code is compiled. */
const settlingPart = 0.2;
/** Growth over the second half of the rest that counts as none, as a part of the mean. */
const tolerated = 0.05;

/** Tables that keep everything for good: they must grow with the tasks, and by no more for each. */
const keepsakes = ['tasks', 'results', 'audit_events', 'review_cards'];

const mebibyte = 2 ** 20;
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
 * through each (least squares). A level has levelled off when it grows over the second half by less than 5 % of its mean or
 * by no more than noise (8 MiB of memory, 1 MiB of Redis or of a table, 5 ms of lag, 16 handles), or at most half as fast as
 * over the first. Tables that keep everything for good are judged by their bytes a task.
 */
export function levelsOff(samples: readonly Sample[], tasks: number): readonly Verdict[] {
  const levels: readonly Level[] = [
    { name: 'resident memory', slack: 8 * mebibyte, read: ({ api }) => api?.rssBytes },
    { name: 'heap', slack: 8 * mebibyte, read: ({ api }) => api?.heapBytes },
    { name: 'event-loop lag', slack: 5, read: ({ api }) => api?.lagP99Ms },
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
  const mean = second.reduce((sum, { y }) => sum + y, 0) / second.length;
  const slope = slopeOf(second);
  const grown = slope * length;
  return { grown, part: mean === 0 ? 0 : grown / mean, ratio: slope / Math.max(slopeOf(first), 1e-12) };
}

/** The slope of the line that lies closest to the points. */
export function slopeOf(points: readonly Point[]): number {
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  const [above, below] = points.reduce<[number, number]>(
    ([sumXy, sumXx], { x, y }) => [sumXy + (x - meanX) * (y - meanY), sumXx + (x - meanX) ** 2],
    [0, 0],
  );
  return below === 0 ? 0 : above / below;
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
