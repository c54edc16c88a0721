import 'reflect-metadata';
import { safetyDetectors } from '../lib/safety/safety-detectors.js';
import type { LargeOutputTask } from '../lib/safety/threaded-large-outputs.js';
import type { ContentHit } from '../models/content-hit.js';
import type { JsonValue } from '../models/json.js';
import type { Policy } from '../models/policy.js';
import { Judge } from '../services/judge.js';

/* What runs in a thread that looks at large outputs: a gate of its own. */

const judge = new Judge(safetyDetectors());
let read: { readonly text: string; readonly rules: Policy } | undefined;

/** What fires in an output. The rules come as text and are read once for as long as they stay the same. */
export function contentHits({ output, rules: text }: LargeOutputTask): Promise<readonly ContentHit[]> {
  if (read?.text !== text) read = { text, rules: JSON.parse(text) as Policy };
  return judge.hitsHere(JSON.parse(output) as JsonValue, read.rules);
}
