/** How many faults are told one by one. */
const mostTold = 20;

/** What a check has found: faults, and what is worth knowing beside them. */
export class Findings {
  readonly faults: string[] = [];
  readonly notes: string[] = [];
  private untold = 0;

  fault(text: string): void {
    if (this.faults.length < mostTold) this.faults.push(text);
    else this.untold += 1;
  }

  note(text: string): void {
    this.notes.push(text);
  }

  get lines(): readonly string[] {
    const more = this.untold > 0 ? [`✗ … and ${this.untold} more.`] : [];
    return [...this.faults.map((text) => `✗ ${text}`), ...more, ...this.notes.map((text) => `· ${text}`)];
  }
}
