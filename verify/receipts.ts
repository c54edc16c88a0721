import { countIn, digestOf, type Members, textIn } from './json.ts';
import type { Findings } from './findings.ts';
import type { TrustedKeys } from './keys.ts';

/** What a card shows and what never changes on it: the receipt has the digest of these. */
const shown = [
  'reviewId',
  'tenantId',
  'taskId',
  'resultId',
  'sessionId',
  'agentId',
  'kind',
  'reason',
  'reasons',
  'details',
  'confidence',
  'taskInput',
  'proposedOutput',
  'policyVersion',
  'timestamp',
  'dueAt',
] as const;

/** Receipts that wait for their events to come by. */
export class Receipts {
  private readonly waiting = new Map<number, Members[]>();
  private readonly all: Members[] = [];

  private readonly keys: TrustedKeys;
  private readonly findings: Findings;

  constructor(keys: TrustedKeys, findings: Findings) {
    this.keys = keys;
    this.findings = findings;
  }

  get size(): number {
    return this.all.length;
  }

  /** Takes a receipt whose signature is good. */
  add(receipt: Members): void {
    const fault =
      textIn(receipt, 'format') === 'chimera-receipt/1'
        ? this.keys.faultOf(receipt)
        : 'is of no format that is known';
    if (fault !== undefined) {
      this.findings.fault(`${nameOf(receipt)} ${fault}: it is forged.`);
      return;
    }
    this.all.push(receipt);
    const sequence = countIn(receipt, 'sequence');
    this.waiting.set(sequence, [...(this.waiting.get(sequence) ?? []), receipt]);
  }

  /** Holds a card, as the API showed it, against its receipt. */
  checkCard(card: Members): void {
    const receipt = this.all.find((one) => one['reviewId'] === card['reviewId']);
    const seen = Object.fromEntries(shown.map((name) => [name, card[name] ?? null]));
    if (!receipt) this.findings.fault(`There is no receipt of card ${textIn(card, 'reviewId')}.`);
    else if (textIn(receipt, 'cardDigest') !== digestOf(seen))
      this.findings.fault(`${nameOf(receipt)} is of a card that showed something else.`);
  }

  /** Holds an output against the receipts: one of them must be of just that. */
  checkOutput(output: unknown): void {
    const digest = digestOf(output);
    if (!this.all.some((one) => textIn(one, 'outputDigest') === digest))
      this.findings.fault(`No receipt approves the output with the digest ${digest}.`);
  }

  /** Holds an event of the record against the receipts that name its place. */
  visit(event: Members): void {
    for (const receipt of this.waiting.get(countIn(event, 'sequence')) ?? []) {
      const differing = differences(receipt, event);
      if (differing.length > 0)
        this.findings.fault(
          `${nameOf(receipt)} differs from event ${countIn(event, 'sequence')} in ${differing.join(', ')}.`,
        );
    }
    this.waiting.delete(countIn(event, 'sequence'));
  }

  /** To be called once the record is over. */
  finish(): void {
    for (const receipt of [...this.waiting.values()].flat())
      this.findings.fault(
        `${nameOf(receipt)} names event ${countIn(receipt, 'sequence')}, which the export has not.`,
      );
  }
}

function nameOf(receipt: Members): string {
  return `The receipt of card ${textIn(receipt, 'reviewId') || '(none)'}`;
}

function differences(receipt: Members, event: Members): string[] {
  const { payload, actor } = event;
  const told = {
    ...membersOf(payload),
    ...event,
    operatorId: membersOf(actor)['id'],
    decidedAt: event['at'],
  };
  const same = ['tenantId', 'reviewId', 'taskId', 'outputDigest', 'edited', 'policyVersion', 'cardDigest'];
  const members: Members = told;
  const differing = [...same, 'operatorId', 'decidedAt', 'hash'].filter(
    (name) => receipt[name] !== members[name],
  );
  const approves = event['type'] === 'review.decided' && membersOf(payload)['status'] === 'APPROVED';
  return approves ? differing : ['type', ...differing];
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
