/** A fault at start that its reader can mend; printed as one sentence without a stack. */
export class BootError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BootError';
  }
}
