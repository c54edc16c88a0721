/** What services need to know of the installation. */
export abstract class Settings {
  abstract readonly heartbeatIntervalMs: number;
  /** How many tasks of a tenant may be open at a time: waiting, running or held. */
  abstract readonly maxOpenTasks: number;
  /** How many event streams of a tenant one process keeps open. */
  abstract readonly maxEventStreams: number;
  /** How many requests of a tenant may wait in one process. */
  abstract readonly maxLongPolls: number;
  /** How long a lease lasts unless it is renewed, in milliseconds. */
  abstract readonly leaseMs: number;
  /** The share of a tenant's agents that may fall silent before their leases are spared. */
  abstract readonly massLossPercent: number;
  /** For how long they are spared then, in milliseconds. */
  abstract readonly massLossGraceMs: number;
  /** How often the sweeps look for what is due, in milliseconds. */
  abstract readonly sweepIntervalMs: number;
  /** Whether a looser policy needs a second operator, also when it is put in force directly. */
  abstract readonly policyFourEyes: boolean;
  /** For how many days it is kept what a shadow policy said of single results. */
  abstract readonly shadowRetentionDays: number;
}
