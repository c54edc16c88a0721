import { codeOf } from '../connection.js';
import type { Ground } from '../ground.js';
import { Operator } from '../operator.js';
import { evenly, keepPace } from '../schedule.js';
import { pull } from './pull.js';

/** What somebody who leafs through the fleet looks at, in turns. */
const views = ['', 'status=BUSY', 'status=IDLE', 'status=OFFLINE', 'capability=load.reply'] as const;
const pagesPerSecond = 5;

interface AgentPage {
  readonly nextCursor?: string | null;
}

/** As `pull`, with a large fleet, while somebody leafs through it page by page. */
export async function fleet10k(ground: Ground): Promise<Record<string, number>> {
  const operator = new Operator(ground.tenant(), ground);
  const over = new AbortController();
  const cursors = new Map<string, string>();
  const turn = async (index: number) => {
    const view = views[index % views.length] ?? '';
    const after = cursors.get(view);
    const path = `/agents?${view}${after === undefined ? '' : `&cursor=${after}`}`;
    const { nextCursor } = await operator.read<AgentPage>(path, 'page of agents');
    if (nextCursor) cursors.set(view, nextCursor);
    else cursors.delete(view);
  };
  const reading: Promise<void>[] = [];
  const leafing = keepPace(
    evenly(pagesPerSecond),
    Infinity,
    (_due, index) => {
      const failed = (error: unknown) => {
        ground.meter.series('page of agents').fail(codeOf(error));
      };
      reading.push(turn(index).catch(failed));
    },
    over.signal,
  );
  const figures = await pull(ground);
  over.abort();
  await leafing;
  await Promise.all(reading);
  await operator.stop();
  return figures;
}
