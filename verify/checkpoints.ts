import { countIn, digestOf, isObject, type Members, parseObject, textIn } from './json.ts';
import type { TrustedKeys } from './keys.ts';
import type { Findings } from './findings.ts';

const noDigest = `sha256:${'0'.repeat(64)}`;

/** A checkpoint that a trusted key has signed. */
export interface Vouched {
  readonly tenantId: string;
  readonly sequence: number;
  readonly hash: string;
  readonly at: string;
}

/** The checkpoints in a file: one a line, or several under `checkpoints` or `items`. */
export function readCheckpoints(text: string, findings: Findings): Members[] {
  const all: Members[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const value = parseObject(line);
    if (value) all.push(...(listIn(value, 'checkpoints') ?? listIn(value, 'items') ?? [value]));
    // A crash of the one who wrote it may have cut a line short; what it said then comes again.
    else findings.note(`Line ${index + 1} of the checkpoints is no JSON object and was passed over.`);
  }
  return all;
}

function listIn(value: Members, name: string): Members[] | undefined {
  const list: unknown = value[name];
  return Array.isArray(list) ? list.filter(isObject) : undefined;
}

/** Checks one tenant's checkpoints and how each names the one before. Returns those that are vouched for, in order. */
export function checkCheckpoints(
  all: readonly Members[],
  tenantId: string,
  keys: TrustedKeys,
  findings: Findings,
): readonly Vouched[] {
  const own = new Map<string, Members>();
  for (const one of all) if (textIn(one, 'tenantId') === tenantId) own.set(digestOf(one), one);
  const sorted = [...own.values()].sort((a, b) => countIn(a, 'sequence') - countIn(b, 'sequence'));
  const vouched: Vouched[] = [];
  let before = { digest: noDigest, sequence: 0 };
  for (const one of sorted) {
    const sequence = countIn(one, 'sequence');
    const name = `The checkpoint at event ${sequence}`;
    const fault =
      textIn(one, 'format') === 'chimera-checkpoint/1' && sequence > 0
        ? keys.faultOf(one)
        : 'is no checkpoint of a format that is known';
    if (fault !== undefined) {
      findings.fault(`${name} ${fault}: it is forged.`);
      continue;
    }
    if (sequence === before.sequence) {
      findings.fault(`${name} is there twice, and they differ: the record was forked.`);
    } else if (textIn(one, 'previousDigest') !== before.digest) {
      const after = before.sequence === 0 ? 'the beginning' : `event ${before.sequence}`;
      findings.fault(
        `${name} does not follow the one before it: a checkpoint between ${after} and it is missing.`,
      );
    }
    before = { digest: digestOf(one), sequence };
    vouched.push({ tenantId, sequence, hash: textIn(one, 'hash'), at: textIn(one, 'at') });
  }
  return vouched;
}
