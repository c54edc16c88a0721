import type { Run } from '../../models/long-runs.js';
import type { TextSegment } from '../../models/output-text.js';
import { plainText } from '../../models/plain-text.js';
import {
  actionFor,
  allowedFor,
  personalDataTypes,
  type DataRule,
  type PersonalDataType,
  type Policy,
} from '../../models/policy.js';
import { SafetyDetectorPort, type ReportFinding } from '../../ports/safety-detector.js';
import { withUnclaimed } from './claims.js';
import { digitRuns } from './digit-runs.js';
import type { Claim, ClaimFinder } from './personal-data/claim.js';
import { cryptoWallets } from './personal-data/crypto-wallet.js';
import { emails } from './personal-data/email.js';
import { ibans } from './personal-data/iban.js';
import { introducedData } from './personal-data/introduced-data.js';
import { nationalIds } from './personal-data/national-ids.js';
import { ipAddresses, macAddresses } from './personal-data/network.js';
import { paymentCards } from './personal-data/payment-card.js';
import { phones } from './personal-data/phone.js';
import { streetAddresses } from './personal-data/street-address.js';
import { usSocialSecurityNumbers } from './personal-data/us-ssn.js';

/** The finders, the surest first: what one has claimed is not looked at by the next. */
const finders: readonly ClaimFinder[] = [
  emails,
  ibans,
  paymentCards,
  cryptoWallets,
  usSocialSecurityNumbers,
  nationalIds,
  ipAddresses,
  macAddresses,
  introducedData,
  streetAddresses,
  phones,
];

/** Those whose check digits say what they are, wherever they stand. */
const checkedFinders: readonly ClaimFinder[] = [ibans, paymentCards, usSocialSecurityNumbers, nationalIds];

const labels: Readonly<Record<PersonalDataType, string>> = {
  PAYMENT_CARD: 'A payment card number',
  IBAN: 'An international bank account number',
  US_SSN: 'A United States social security number',
  EMAIL: 'An e-mail address',
  PHONE: 'A telephone number',
  IP_ADDRESS: 'An IP address',
  MAC_ADDRESS: 'A hardware address',
  AU_MEDICARE: 'An Australian Medicare number',
  AU_TFN: 'An Australian tax file number',
  BE_NATIONAL_NUMBER: 'A Belgian national number',
  BR_CPF: 'A Brazilian CPF number',
  CA_SIN: 'A Canadian social insurance number',
  CH_AHV: 'A Swiss AHV number',
  CN_RESIDENT_ID: 'A Chinese resident identity number',
  DE_TAX_ID: 'A German tax identification number',
  DK_CPR: 'A Danish CPR number',
  ES_DNI: 'A Spanish identity number',
  FI_HETU: 'A Finnish personal identity code',
  FR_NIR: 'A French social security number',
  GB_NHS: 'A British NHS number',
  GB_NINO: 'A British National Insurance number',
  IE_PPS: 'An Irish PPS number',
  IN_AADHAAR: 'An Indian Aadhaar number',
  IT_FISCAL_CODE: 'An Italian fiscal code',
  JP_MY_NUMBER: 'A Japanese Individual Number',
  KR_RRN: 'A Korean resident registration number',
  NL_BSN: 'A Dutch citizen service number',
  NO_BIRTH_NUMBER: 'A Norwegian national identity number',
  PL_PESEL: 'A Polish PESEL number',
  PT_NIF: 'A Portuguese tax number',
  SE_PERSONAL_NUMBER: 'A Swedish personal identity number',
  TR_ID: 'A Turkish identity number',
  DATE_OF_BIRTH: 'A date of birth',
  PASSPORT: 'A passport number',
  DRIVING_LICENCE: 'A driving licence number',
  STREET_ADDRESS: 'A street address',
  CRYPTO_WALLET: 'A wallet of a cryptocurrency',
};

/** Finds personal data by format, check digits and numbering plans. */
export class PersonalDataDetector extends SafetyDetectorPort {
  override readonly name = 'PII';

  override detect(segments: readonly TextSegment[], policy: Policy, report: ReportFinding): void {
    const rule = policy.detectors.PII;
    if (personalDataTypes.every((type) => actionFor(rule, type) === 'OFF')) return;
    const allowed = allowedValues(rule);
    for (const segment of segments) {
      for (const { type, start, end } of claimsOf(segment)) {
        const action = actionFor(rule, type);
        if (action === 'OFF' || allowed.get(type)?.has(comparable(type, segment.folded.slice(start, end))))
          continue;
        report({ code: 'PII', detector: `PII/${type}`, detail: labels[type], action, segment, start, end });
      }
    }
  }
}

/** What is part of all personal data that may have no digit in it: e-mail addresses, and hardware addresses of letters. */
const withoutDigits = /@|[[({]\s?at\s?[\])}]|\s[[(]?dot[\])]?\s|[a-f]{2}([:-])[a-f]{2}\1[a-f]{2}\1/;

function claimsOf(segment: TextSegment): readonly Claim[] {
  const digits = digitRuns(segment.plain);
  if (digits.length === 0 && !withoutDigits.test(segment.folded)) return [];
  if (segment.reading === 'JOINED')
    return claimsBy(checkedFinders, segment, digits).filter((claim) => isSplit(claim, segment));
  return claimsBy(finders, segment, digits);
}

function claimsBy(
  chosen: readonly ClaimFinder[],
  segment: TextSegment,
  digits: readonly Run[],
): readonly Claim[] {
  return chosen.reduce<readonly Claim[]>(
    (claims, finder) => withUnclaimed(claims, [...finder(segment, digits)]),
    [],
  );
}

/** Whether a claim in a joined text stands in more than one of its items. */
function isSplit({ start, end }: Claim, { items }: TextSegment): boolean {
  let seam = -1;
  return items.some(({ plain }) => {
    seam += plain.length + 1;
    return start < seam && end > seam + 1;
  });
}

type AllowedValues = ReadonlyMap<PersonalDataType, ReadonlySet<string>>;

const allowLists = new WeakMap<DataRule<PersonalDataType>, AllowedValues>();

function allowedValues(rule: DataRule<PersonalDataType>): AllowedValues {
  const known = allowLists.get(rule);
  if (known !== undefined) return known;
  const made: AllowedValues = new Map(
    personalDataTypes.map((type) => [type, new Set(allowedFor(rule, type).flatMap(allowedForms))]),
  );
  allowLists.set(rule, made);
  return made;
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
