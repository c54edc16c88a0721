import type { TextSegment } from '../../../models/output-text.js';
import type { PersonalDataType } from '../../../models/policy.js';
import { isNamedBy, plainly } from '../claims.js';
import { isDigit, isLetter } from '../digit-runs.js';
import type { Claim, ClaimFinder } from './claim.js';
import * as checks from './national-id-checks.js';

/** A country's number: how it is written, what it has to be, and which words introduce it. */
interface NationalId {
  readonly type: PersonalDataType;
  /** How people write it; 9 stands for a digit, A for a letter, everything else for itself. These fire by themselves. */
  readonly native?: readonly string[];
  /** Ways to write it that other numbers have, too: these fire only where a word introduces them. */
  readonly introduced: readonly string[];
  readonly words: RegExp;
  /** Gets the digits and letters alone. */
  readonly check: (compact: string) => boolean;
}

/** Words in many languages for a number that a state gives to a person. They are searched in the plain form: no accents. */
const anyId =
  /\b(?:national (?:id|identity|identification|insurance)|id (?:number|no|nr|card)|identity (?:number|no|card|document)|identification (?:number|no|code)|tax(?:payer)?[ -](?:id|number|no|identification)|citizen|personal (?:id|number|code)|resident (?:id|registration)|social (?:security|insurance)|ausweis\w*|personalausweis\w*|identifikationsnummer|numero d'identi\w+|carte d'identite|documento|identidad|identidade|cedula|carta d'identita|identiteits\w+|dowod\w*|kimlik|legitimation|fiscal|steuer\w*)\b|身份证|身分|个人番号|주민/;

/** `anyId` or one of the words. */
function named(words: string): RegExp {
  return plainly(new RegExp(`${anyId.source}|(?<![a-z])(?:${words})(?![a-z])`));
}

/** The words alone, for numbers whose check says little. */
function only(words: string): RegExp {
  return new RegExp(`(?<![a-z])(?:${words})(?![a-z])`);
}

const ids: readonly NationalId[] = [
  {
    type: 'CH_AHV',
    native: ['999.9999.9999.99', '999 9999 9999 99'],
    introduced: ['9999999999999'],
    words: named('ahv\\w*|avs|oasi|sozialversicherungsnummer'),
    check: checks.isAhv,
  },
  {
    type: 'FR_NIR',
    native: [
      '9 99 99 99 999 999 99',
      '9 99 99 9A 999 999 99',
      '999999999999999',
      '999999A99999999',
      '9999999999999 99',
    ],
    introduced: [],
    words: named('nir|insee|securite sociale|numero de secu'),
    check: checks.isFrenchNir,
  },
  {
    type: 'CN_RESIDENT_ID',
    native: ['999999999999999999', '99999999999999999A', '999999 99999999 9999', '999999 99999999 999A'],
    introduced: [],
    words: anyId,
    check: checks.isChineseId,
  },
  {
    type: 'IT_FISCAL_CODE',
    native: ['AAAAAA99A99A999A', 'AAA AAA 99A99 A999A', 'AAA AAA 99A99A999A'],
    introduced: [],
    words: named('codice fiscale'),
    check: checks.isItalianFiscalCode,
  },
  {
    type: 'BE_NATIONAL_NUMBER',
    native: ['99.99.99-999.99'],
    introduced: ['99999999999', '99 99 99 999 99', '999999-999-99', '999999-999.99'],
    words: named('rijksregister\\w*|insz|niss|registre national|numero national|nationaal nummer'),
    check: checks.isBelgianNumber,
  },
  {
    type: 'BR_CPF',
    native: ['999.999.999-99'],
    introduced: ['99999999999', '999 999 999 99', '999999999-99'],
    words: named('cpf|contribuinte|receita federal'),
    check: checks.isCpf,
  },
  {
    type: 'NO_BIRTH_NUMBER',
    native: ['999999 99999'],
    introduced: ['99999999999'],
    words: named('fodselsnummer|fodselsnr|personnummer|d-nummer|fnr'),
    check: checks.isNorwegianNumber,
  },
  {
    type: 'TR_ID',
    introduced: ['99999999999'],
    words: named('tc|t\\.c\\.|tckn|kimlik\\w*|vatandaslik\\w*|tc no'),
    check: checks.isTurkishId,
  },
  { type: 'PL_PESEL', introduced: ['99999999999'], words: named('pesel'), check: checks.isPesel },
  {
    type: 'DE_TAX_ID',
    native: ['99 999 999 999'],
    introduced: ['99999999999', '99/999/999/999', '999 9999 9999'],
    words: named('steuer\\W?id\\w*|idnr|id\\W?nr|steuer-?identifikations\\w*|tin|tax id'),
    check: checks.isGermanTaxId,
  },
  {
    type: 'IN_AADHAAR',
    native: ['9999 9999 9999', '9999-9999-9999'],
    introduced: ['999999999999'],
    words: named('aadha+r|uidai|uid|aadhar'),
    check: checks.isAadhaar,
  },
  {
    type: 'JP_MY_NUMBER',
    introduced: ['999999999999', '9999 9999 9999', '9999-9999-9999'],
    words: plainly(/my ?number|マイナンバー|個人番号|individual number/),
    check: checks.isMyNumber,
  },
  {
    type: 'KR_RRN',
    native: ['999999-9999999'],
    introduced: ['9999999999999', '999999 9999999'],
    words: named('rrn|resident registration|jumin'),
    check: checks.isRrn,
  },
  {
    type: 'SE_PERSONAL_NUMBER',
    native: ['999999-9999', '999999+9999', '99999999-9999'],
    introduced: ['9999999999', '999999999999', '99999999 9999', '999999 9999'],
    words: named('personnummer|personnr|person-?nr|samordningsnummer|pnr'),
    check: checks.isPersonnummer,
  },
  {
    type: 'DK_CPR',
    introduced: ['999999-9999', '9999999999', '999999 9999'],
    words: only('cpr\\W?(?:nummer|nr)?|cpr|personnummer'),
    check: checks.isCpr,
  },
  {
    type: 'FI_HETU',
    native: ['999999-9999', '999999-999A', '999999+9999', '999999+999A', '999999A9999', '999999A999A'],
    introduced: [],
    words: named('henkilotunnus\\w*|hetu|personbeteckning'),
    check: checks.isHetu,
  },
  {
    type: 'AU_MEDICARE',
    native: ['9999 99999 9'],
    introduced: ['9999999999', '9999-99999-9', '9999 99999 9/9'],
    words: only('medicare'),
    check: checks.isMedicareNumber,
  },
  {
    type: 'GB_NHS',
    introduced: ['999 999 9999', '9999999999', '999-999-9999'],
    words: only("nhs|health service|patient(?:'s)? (?:number|id|no)"),
    check: checks.isNhsNumber,
  },
  {
    type: 'GB_NINO',
    native: ['AA 99 99 99 A', 'AA 999999 A'],
    introduced: ['AA999999A', 'AA-99-99-99-A', 'AA 999 999 A'],
    words: named('nino?|ni (?:number|no)|national insurance'),
    check: checks.isNino,
  },
  {
    type: 'ES_DNI',
    native: [
      '99999999A',
      '99999999-A',
      '99.999.999-A',
      '99.999.999A',
      'A9999999A',
      'A-9999999-A',
      'A9999999-A',
    ],
    introduced: ['99999999 A', '99 999 999 A', 'A 9999999 A'],
    words: named('dni|nie|nif'),
    check: checks.isSpanishDni,
  },
  {
    type: 'IE_PPS',
    introduced: ['9999999A', '9999999AA', '9999999 A', '9999999 AA'],
    words: only('ppsn?|pps (?:number|no)|personal public service'),
    check: checks.isPps,
  },
  {
    type: 'NL_BSN',
    introduced: ['999999999', '999 999 999', '9999.99.999', '9999 99 999', '999.999.999', '99999999'],
    words: only('bsn\\w*|burgerservice\\w*|burger service nummer|sofi\\W?nummer|citizen service number'),
    check: checks.isBsn,
  },
  {
    type: 'PT_NIF',
    introduced: ['999999999', '999 999 999', '999.999.999'],
    words: only('nif|contribuinte|numero fiscal|identificacao fiscal|numero de identificacao'),
    check: checks.isPortugueseNif,
  },
  {
    type: 'CA_SIN',
    introduced: ['999999999', '999 999 999', '999-999-999'],
    words: only("sin|social insurance|nas|numero d'assurance sociale|assurance sociale"),
    check: checks.isSin,
  },
  {
    type: 'AU_TFN',
    introduced: ['999999999', '999 999 999', '999-999-999'],
    words: only('tfn|tax file (?:number|no)|tax file'),
    check: checks.isTfn,
  },
];

interface PossibleId {
  readonly id: NationalId;
  readonly isNative: boolean;
}

/** What a way of writing numbers may go on with, and what a number that is written so far may be. */
interface Shape {
  readonly next: Map<string, Shape>;
  readonly possible: PossibleId[];
}

/** All ways of writing a number, from their beginning on. */
const shapes: Shape = { next: new Map(), possible: [] };
for (const id of ids) {
  for (const [written, isNative] of [
    [id.native ?? [], true],
    [id.introduced, false],
  ] as const) {
    for (const shape of written) shapeOf(shape).possible.push({ id, isNative });
  }
}

function shapeOf(written: string): Shape {
  return [...written].reduce((shape, sign) => {
    const next = shape.next.get(sign) ?? { next: new Map(), possible: [] };
    shape.next.set(sign, next);
    return next;
  }, shapes);
}

const mostLetters = 6;
/** Letters that stand apart before the first digit. */
const lettersBefore = /(?<![A-Za-z\d])(?:[A-Za-z]{3} [A-Za-z]{3} |[A-Za-z]{1,2}[ -])$/;

/**
 * Numbers that states give to persons: by the way they are written, by their check digits and dates, and, where other
 * numbers look the same, by a word that introduces them.
 */
export const nationalIds: ClaimFinder = function* (segment, digits) {
  const text = segment.plain;
  let from = 0;
  for (const { start: digit } of digits) {
    const index = beginningOf(text, digit);
    if (index === undefined || index < from) continue;
    const isApart = /[ -]/.test(text.charAt(index - 1));
    const before = isApart ? lettersBefore.exec(text.slice(Math.max(0, index - 8), index)) : null;
    const claim =
      (before === null ? undefined : claimAt(segment, index - before[0].length)) ?? claimAt(segment, index);
    if (claim === undefined) continue;
    yield claim;
    from = claim.end;
  }
};

/** Where the letters before a digit begin, or the digit, unless they go on what stands before them. */
function beginningOf(text: string, digit: number): number | undefined {
  let start = digit;
  while (start > digit - mostLetters && isLetter(text.charCodeAt(start - 1))) start -= 1;
  const before = text.charCodeAt(start - 1);
  if (isLetter(before) || isDigit(before)) return undefined;
  return isDigit(text.charCodeAt(start - 2)) && /[ .,\-/+]/.test(text.charAt(start - 1)) ? undefined : start;
}

/** The claim that begins at a place, the longest first. */
function claimAt(segment: TextSegment, start: number): Claim | undefined {
  const { plain } = segment;
  for (const { end, possible } of shapesAt(plain, start).reverse()) {
    if (/^(?:[A-Za-z\d]|[ .,\-/]\d)/.test(plain.slice(end, end + 2))) continue;
    const type = typeOf(possible, segment, start, end);
    if (type !== undefined) return { type, start, end };
  }
  return undefined;
}

/** The ways of writing numbers in which what begins at a place is written, the shortest first. */
function shapesAt(text: string, start: number): { end: number; possible: readonly PossibleId[] }[] {
  const found: { end: number; possible: readonly PossibleId[] }[] = [];
  let shape: Shape | undefined = shapes;
  for (let index = start; ; index += 1) {
    const unit = text.charCodeAt(index);
    shape = shape.next.get(isDigit(unit) ? '9' : isLetter(unit) ? 'A' : text.charAt(index));
    if (shape === undefined) return found;
    if (shape.possible.length > 0) found.push({ end: index + 1, possible: shape.possible });
  }
}

function typeOf(
  possible: readonly PossibleId[],
  segment: TextSegment,
  start: number,
  end: number,
): PersonalDataType | undefined {
  const written = segment.plain.slice(start, end);
  const compact = written.replace(/[ .\-/+]/g, '');
  return possible.find(({ id, isNative }) => {
    if (!id.check(id.type === 'FI_HETU' ? written : compact)) return false;
    return (isNative && isWrittenAsOne(id.type, written)) || isNamedBy(id.words, segment, start, end);
  })?.id.type;
}

/** What is written like a number of another kind now and then is not taken for one of a person by itself. */
function isWrittenAsOne(type: PersonalDataType, written: string): boolean {
  switch (type) {
    case 'SE_PERSONAL_NUMBER':
      return written.length < 13 || (written >= '1900' && written < '2016');
    case 'ES_DNI':
    case 'FI_HETU':
    case 'IT_FISCAL_CODE':
      return written === written.toUpperCase() || type === 'IT_FISCAL_CODE';
    case 'KR_RRN':
      return /-[1-4]/.test(written);
    default:
      return true;
  }
}
