const isBigEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;
/** From how many units on copying them all at once is faster than one by one. */
const shortestCopied = 48;
/** Room is kept for the next text unless it is for one much longer than most. */
const mostKept = 0x50000;

/** Reads texts as their UTF-16 code units, which are gone over much faster than texts are. */
export class UnitReader {
  #units = new Uint16Array(0);
  #bytes = Buffer.alloc(0);

  /** The units of a text, and a 0 behind them. They stand, and may be changed, until the next text is read. */
  read(text: string): Uint16Array {
    const { length } = text;
    const room = this.#units.length;
    if (length >= room || room > mostKept)
      this.#makeRoom(Math.max(length + 1, Math.min(mostKept, 2 * length)));
    const units = this.#units;
    units[length] = 0;
    if (length < shortestCopied) {
      for (let index = 0; index < length; index += 1) units[index] = text.charCodeAt(index);
    } else {
      this.#bytes.write(text, 'utf16le');
      if (isBigEndian) this.#bytes.subarray(0, 2 * length).swap16();
    }
    return units;
  }

  /** A stretch of the units as a text. */
  text(start: number, end: number): string {
    const bytes = this.#bytes.subarray(2 * start, 2 * end);
    return (isBigEndian ? Buffer.from(bytes).swap16() : bytes).toString('utf16le');
  }

  #makeRoom(length: number): void {
    this.#units = new Uint16Array(length);
    this.#bytes = Buffer.from(this.#units.buffer);
  }
}
