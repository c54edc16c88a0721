import { repeated } from '../../eval/hostile-texts.js';

/** How long the text is that is judged, and into how many pieces it is cut to be judged a second time. */
const length = 32 * 1024;
const pieces = 32;

/**
 * How many times as much a text costs in one as in pieces: about 1 where the time is in proportion to the length, and
 * about 32 where it goes by its square. A cost of a few milliseconds counts as nothing, for processor time is counted in
 * steps. Of several measurements the least counts, for the others had company; one that is below `enough` is the last.
 */
export async function costOfLength(
  judge: (text: string) => Promise<unknown>,
  unit: string,
  enough: number,
): Promise<number> {
  const piece = repeated(unit, length / pieces);
  const whole = repeated(unit, length);
  let least = Infinity;
  for (let run = 0; run < 5 && least >= enough; run += 1) {
    const inPieces = await cpuMs(async () => {
      for (let nth = 0; nth < pieces; nth += 1) await judge(piece);
    });
    least = Math.min(least, (await cpuMs(() => judge(whole))) / (inPieces + stepMs));
  }
  return least;
}

const stepMs = 8;

async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
