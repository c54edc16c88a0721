import type { TextSegment } from '../../models/output-text.js';
import { plainText } from '../../models/plain-text.js';
import { actionFor, personalDataTypes, type PersonalDataType, type Policy } from '../../models/policy.js';
import { SafetyDetectorPort, type ReportFinding } from '../../ports/safety-detector.js';
import { withUnclaimed } from './claims.js';
import type { Claim, ClaimFinder } from './personal-data/claim.js';
import { emails } from './personal-data/email.js';
import { ibans } from './personal-data/iban.js';
import { ipAddresses, macAddresses } from './personal-data/network.js';
import { paymentCards } from './personal-data/payment-card.js';
import { phones } from './personal-data/phone.js';
import { usSocialSecurityNumbers } from './personal-data/us-ssn.js';

/** The finders, the surest first: what one has claimed is not looked at by the next. */
const finders: readonly ClaimFinder[] = [
  emails,
  paymentCards,
  ibans,
  usSocialSecurityNumbers,
  ipAddresses,
  macAddresses,
  phones,
];

const labels: Readonly<Record<PersonalDataType, string>> = {
  PAYMENT_CARD: 'A payment card number',
  IBAN: 'An international bank account number',
  US_SSN: 'A United States social security number',
  EMAIL: 'An e-mail address',
  PHONE: 'A telephone number',
  IP_ADDRESS: 'An IP address',
  MAC_ADDRESS: 'A hardware address',
};

/** Finds personal data by format, check digits and numbering plans. */
export class PersonalDataDetector extends SafetyDetectorPort {
  override readonly name = 'PII';

  override detect(segments: readonly TextSegment[], policy: Policy, report: ReportFinding): void {
    const rule = policy.detectors.PII;
    if (personalDataTypes.every((type) => actionFor(rule, type) === 'OFF')) return;
    const allowed = new Set((rule.allow ?? []).flatMap(allowedForms));
    for (const segment of segments) {
      for (const { type, start, end } of claimsOf(segment)) {
        const action = actionFor(rule, type);
        if (action === 'OFF' || allowed.has(comparable(type, segment.folded.slice(start, end)))) continue;
        report({ code: 'PII', detector: `PII/${type}`, detail: labels[type], action, segment, start, end });
      }
    }
  }
}

function claimsOf(segment: TextSegment): readonly Claim[] {
  if (!/\d|@|at/.test(segment.folded)) return [];
  return finders.reduce<readonly Claim[]>(
    (claims, finder) => withUnclaimed(claims, [...finder(segment)]),
    [],
  );
}

/** How values of a type are compared: numbers by their digits and letters, everything else as it is. */
function comparable(type: PersonalDataType, folded: string): string {
  if (type === 'EMAIL') return folded.replace(/\s?[[({]\s?at\s?[\])}]\s?|%40/, '@');
  return type === 'IP_ADDRESS' ? folded : folded.replace(/[^\p{L}\p{N}]/gu, '');
}

function allowedForms(value: string): string[] {
  const { folded } = plainText(value.trim());
  return [comparable('EMAIL', folded), comparable('PHONE', folded)];
}
