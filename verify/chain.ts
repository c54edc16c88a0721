import { countIn, hashOf, type Members, parseObject, textIn, without } from './json.ts';
import type { Findings } from './findings.ts';

/** Where a record ends. */
export interface End {
  readonly tenantId: string;
  readonly sequence: number;
  readonly hash: string;
}

const beginning: End = { tenantId: '', sequence: 0, hash: '0'.repeat(64) };

/**
 * Checks every link of an export, line by line, and shows `visit` each event. After a fault it goes on from what is there, so that
 * the next fault is found too.
 */
export async function checkChain(
  lines: AsyncIterable<string>,
  findings: Findings,
  visit: (event: Members) => void,
): Promise<End> {
  let end = beginning;
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === '') continue;
    const event = parseObject(line);
    if (!event) {
      findings.fault(`Line ${number} of the export is no JSON object.`);
      continue;
    }
    end = follow(end, event, findings);
    visit(event);
  }
  return end;
}

function follow(before: End, event: Members, findings: Findings): End {
  const here = {
    tenantId: textIn(event, 'tenantId'),
    sequence: countIn(event, 'sequence'),
    hash: textIn(event, 'hash'),
  };
  const expected = before.sequence + 1;
  if (before.sequence > 0 && here.tenantId !== before.tenantId) {
    findings.fault(`Event ${here.sequence} is of ${here.tenantId}, not of ${before.tenantId}.`);
  }
  if (here.sequence > expected) {
    const missing =
      here.sequence - 1 === expected ? `${expected} is` : `${expected}–${here.sequence - 1} are`;
    findings.fault(`Event ${missing} missing: event ${here.sequence} comes after ${before.sequence}.`);
  } else if (here.sequence < expected) {
    findings.fault(`Event ${here.sequence} comes after event ${before.sequence}: it is out of its order.`);
  }
  if (hashOf(without(event, 'hash')) !== here.hash) {
    findings.fault(`Event ${here.sequence} was changed: what it says does not have the hash that it bears.`);
  } else if (here.sequence === expected && textIn(event, 'previousHash') !== before.hash) {
    findings.fault(`Event ${here.sequence} follows another event than the ${before.sequence} that is there.`);
  }
  return here;
}
