import type { WriteStream } from 'node:tty';
import type { Snapshot } from './scoreboard.ts';
import { renderProgress, renderTable } from './table.ts';
import type { Heading } from './table.ts';

const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';
const eraseBelow = '\x1b[0J';

/** Where a run shows itself: a table that is redrawn in place on a terminal, a line now and then anywhere else. */
export class Display {
  /** How often it wants to be shown a snapshot, in ms. */
  readonly intervalMs: number;
  readonly #out: WriteStream;
  readonly #heading: Heading;
  #drawn = 0;

  constructor(out: WriteStream, heading: Heading) {
    this.#out = out;
    this.#heading = heading;
    this.intervalMs = out.isTTY ? 250 : 3_000;
  }

  show(snapshot: Snapshot): void {
    if (!this.#out.isTTY) {
      this.#out.write(`${renderProgress(snapshot)}\n`);
      return;
    }
    // One column short of the edge: a full line would wrap on some terminals, and the count of lines would be wrong.
    const lines = renderTable(this.#heading, snapshot, this.#out.columns - 1);
    const back = this.#drawn === 0 ? hideCursor : `\x1b[${this.#drawn}A`;
    this.#out.write(`${back}\r${eraseBelow}${lines.join('\n')}\n`);
    this.#drawn = lines.length;
  }

  /** Leaves the last picture standing and the terminal as it was. */
  close(): void {
    if (this.#drawn > 0) this.#out.write(`${showCursor}\n`);
    this.#drawn = 0;
  }
}
