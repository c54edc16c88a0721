/** How many of the agents that should be heard from are not: suspect, or silent for longer and not yet given up. */
export interface Silence {
  readonly tenantId: string;
  readonly silent: number;
  /** The silent ones and all others, but not those that were given up before. */
  readonly expected: number;
}

/** Whether leases of silent agents are spared, as a tenant's record has it. `null` while they are not. */
export interface FleetBrake {
  readonly tenantId: string;
  readonly engagedAt: Date | null;
  /** When the grace is over. */
  readonly releasesAt: Date | null;
  /** How many were silent, and of how many, when it was engaged. */
  readonly silent: number;
  readonly expected: number;
  readonly version: number;
}

/** Fewer than this are a coincidence, whatever their share is. */
const fewestLost = 3;

/**
 * More agents are silent at once than die by themselves, so the fault may be ours or the network's. After the
 * self-preservation of Netflix Eureka, which stops evicting when renewals fall below a share of what is expected.
 *
 * @param percent The share of the fleet that may fall silent; 100 for no brake.
 */
export function isMassLoss({ silent, expected }: Silence, percent: number): boolean {
  return silent >= fewestLost && silent * 100 > expected * percent;
}

/** Leases are spared from `now` for `graceMs`. */
export function engageBrake(
  before: FleetBrake | undefined,
  { tenantId, silent, expected }: Silence,
  graceMs: number,
  now: Date,
): FleetBrake {
  const releasesAt = new Date(now.getTime() + graceMs);
  return { tenantId, engagedAt: now, releasesAt, silent, expected, version: (before?.version ?? 0) + 1 };
}

export function releaseBrake(brake: FleetBrake): FleetBrake {
  return { ...brake, engagedAt: null, releasesAt: null, version: brake.version + 1 };
}
