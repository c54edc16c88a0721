import type { JsonValue } from '../../../src/models/json.js';
import { placeInOutput, readOutput } from '../../../src/models/output-text.js';
import { defaultPolicy, type Policy } from '../../../src/models/policy.js';
import type { Finding, SafetyDetectorPort } from '../../../src/ports/safety-detector.js';

/** The default policy as a tenant's first version, with the parts that a test is about. */
export function aPolicy(parts: Partial<Policy> = {}): Policy {
  return {
    ...defaultPolicy,
    version: 1,
    createdAt: new Date('2026-01-01T00:00:00Z'),
    createdBy: 'SYSTEM',
    ...parts,
  };
}

export interface Detected {
  readonly detector: string;
  readonly pointer: string;
  /** What fired, as it stands in the output. */
  readonly text: string;
  readonly action: string;
}

/** What one detector finds in an output, in the order in which it says so. */
export async function detect(
  detector: SafetyDetectorPort,
  output: JsonValue,
  policy: Policy = aPolicy(),
): Promise<Detected[]> {
  const found: Finding[] = [];
  const { segments } = readOutput(output, { depth: 64, textLength: 1_000_000 });
  await detector.detect(segments, policy, (finding) => found.push(finding));
  return found.map(({ detector: name, segment, start, end, action }) => {
    const at = placeInOutput(segment, start, end);
    const item = segment.items.find(({ index }) => index === at.index) ?? segment;
    return { detector: name, pointer: at.pointer, text: item.original.slice(at.start, at.end), action };
  });
}

/** The names of what fires, each once. */
export async function namesOf(
  detector: SafetyDetectorPort,
  output: JsonValue,
  policy: Policy = aPolicy(),
): Promise<string[]> {
  return [...new Set((await detect(detector, output, policy)).map((finding) => finding.detector))];
}
