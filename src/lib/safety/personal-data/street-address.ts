import type { Run } from '../../../models/long-runs.js';
import type { TextSegment } from '../../../models/output-text.js';
import { aroundRuns, memberWords, plainly } from '../claims.js';
import { matchAt } from '../digit-runs.js';
import type { Claim, ClaimFinder } from './claim.js';
import { addressesByPlace, mayBePlaced } from './placed-address.js';

const name = "[A-Z][\\p{L}'.-]{0,24}";
const houseNumber = '\\d{1,5}(?: ?[A-Za-z](?![\\p{L}]))?(?:[-/]\\d{1,4})?';

/** English: the number, names, and what sort of street it is. */
const english = `\\d{1,6}[A-Za-z]?,? (?:(?:${name}|\\d{1,3}(?:st|nd|rd|th)|of|the) ){1,5}(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Square|Sq|Terrace|Close|Crescent|Highway|Hwy|Parkway|Pkwy|Circle|Cir|Trail|Row|Walk|Grove|Gardens|Mews|Hill|Quay|Plaza|Alley|Broadway|Route|Park|Green|Loop|Pike|Run)(?![\\p{L}])\\.?`;
/** French: the number, the sort of street, its name. */
const french = `\\d{1,4}(?: ?(?:bis|ter))?,? (?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Cc]hemin|[Pp]lace|[Aa]llee|[Ii]mpasse|[Qq]uai|[Cc]ours|[Rr]oute) (?:(?:de|du|la|le|les|des|d'|l')[ ]?){0,3}${name}(?:[ -]${name}){0,3}`;

/** Those whose number comes last: what stands before it, and the number. */
const numberedLast = [
  /** How Spanish, Italian and Portuguese put it: the sort of street, its name. */
  {
    street: `(?:[Cc]alle|C/|[Aa]venida|[Aa]vda\\.?|[Aa]v\\.|[Pp]laza|[Pp]aseo|[Cc]amino|[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]orso|[Ll]argo|[Vv]icolo|[Rr]ua|[Tt]ravessa|[Pp]raca|[Ee]strada|[Cc]arrera) (?:(?:de|del|della|dei|delle|di|da|do|dos|das|la|las|los|el)[ ]){0,3}${name}(?:[ ](?:de |e |da |do )?${name}){0,3},? ?(?:n\\.?[oº]?\\.? ?|num\\. ?)?`,
    number: '\\d{1,5}',
  },
  /** Polish. */
  {
    street: `(?:ul\\.|[Uu]lic[aye]|al\\.|[Aa]lej[ae]|[Aa]leje|os\\.|pl\\.|[Pp]lac) ?${name}(?: ${name}){0,2} `,
    number: '\\d{1,4}(?:[A-Za-z](?![\\p{L}]))?(?:/\\d{1,4})?',
  },
  /** German, Dutch, Swedish, Finnish: the sort of street at the end of its name. */
  {
    street: `(?:${name} ){0,2}[A-Z][\\p{L}-]{1,30}(?:strasse|str\\.|weg|platz|allee|gasse|damm|ufer|ring|steig|straat|laan|plein|gracht|kade|singel|dijk|steeg|dreef|gatan|vagen|grand|torget|stigen|katu|tie|vej|gade|veien|gata|gate) `,
    number: houseNumber,
  },
  {
    street: `(?:[A-Z][\\p{L}-]{1,20} (?:Strasse|Str\\.|Allee|Weg|Platz|Gasse|Ring|Ufer|Damm)|(?:Strasse|Am|Im|An der|Unter den|Auf der) [A-Z][\\p{L}-]{1,24}(?: [A-Z][\\p{L}-]{1,20})?) `,
    number: houseNumber,
  },
  /** Turkish. */
  {
    street: `(?:${name} ){1,3}(?:Caddesi|Cad\\.|Cd\\.|Sokak|Sokagi|Sok\\.|Sk\\.|Mahallesi|Mah\\.|Bulvari|Blv\\.)(?: (?:${name} )?(?:Caddesi|Cad\\.|Sokak|Sokagi|Sok\\.))?,? ?(?:No:? ?)?`,
    number: '\\d{1,4}',
  },
  /** A box at a post office. */
  { street: '(?:P\\.? ?O\\.? ?Box|Postfach|Boite Postale|Apartado) ', number: '\\d{2,6}' },
];

const streets = new RegExp(
  `(?<![\\p{L}\\d.,#-])(?:${[english, french, ...numberedLast.map(({ street, number }) => street + number)].join('|')})(?![\\p{L}\\d])`,
  'gu',
);
const numberFirst = new RegExp(`${english}|${french}`, 'uy');
const beforeNumber = new RegExp(`(?<=${numberedLast.map(({ street }) => street).join('|')})`, 'uy');

/** What all of those have right before the number. */
const capitalised = /(?<=[A-Z][\p{L}'.-]{0,42},? ?(?:(?:No:?|n\.?[oº]?\.?|num\.) ?)?)/uy;

/** Whether digits are the number of something that is named like a street. */
function mayBeStreet(plain: string, { start }: Run): boolean {
  if (matchAt(numberFirst, plain, start) !== null) return true;
  return matchAt(capitalised, plain, start) !== null && matchAt(beforeNumber, plain, start) !== null;
}

/** What says that a place is where somebody lives or gets letters, in ten languages. */
const context = plainly(
  /(?<![a-z])(?:address\w*|lives?|living|lived|resid\w+|home|house|moved?|moving|ship(?:ping|ped)?|deliver\w*|mail(?:ing)?|post|send|sent|located|stay\w*|based|visit|apartment|apt|flat|billing|registered|wohn\w*|anschrift|adress\w*|lieferadresse|zugestellt|habit\w+|domicil\w*|demeure\w*|livr\w+|direccion|vive|vivo|reside\w*|domicilio|envi\w+|indirizzo|abit\w+|residen\w+|spedi\w+|endereco|morada|mora|moro|entreg\w+|adres\w*|woon\w*|bezorg\w*|mieszka\w*|zamieszk\w*|bor|bostad|leverans\w*|ikamet\w*|oturuyor\w*|osoite|asuu|street|my place|pick (?:me|it|him|her) up|drop (?:it|me))(?![a-z])|住所|地址|주소/,
);
/** What stands behind a street in an address: a flat, a town with its code, a state with its code. */
const goesOn =
  /^[\s,.]{0,3}(?:(?:apt|apartment|suite|ste|unit|flat|floor|fl|room|#)\.? ?#? ?\w{1,6}|[\p{L} .'-]{0,40},? ?[A-Z]{2},? \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[\p{L} .'-]{0,40},? ?[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|(?:[A-Z]{1,2}-)?\d{4,5}(?: ?[A-Z]{2})? [A-Z]\p{L}+|\d{2}-\d{3} [A-Z]\p{L}+)/iu;
const postcode =
  /(?:[A-Z]{2},? \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|(?:[A-Z]-)?\d{4,5}(?: ?[A-Z]{2})? [A-Z]\p{L}{2,24}|\d{2}-\d{3} [A-Z]\p{L}{2,24}|\d{4}-\d{3} [A-Z]\p{L}{2,24}|\d{3} \d{2} [A-Z]\p{L}{2,24})/u;

/** Whose place it is when it is nobody's home: an office, a shop, a meeting. */
const business =
  /(?<![a-z])(?:our (?:new |main )?(?:office|offices|store|shop|branch|warehouse|headquarters|showroom)|head office|headquarters|hq|open(?:ing)? hours|store|museum|restaurant|venue|conference)(?![a-z])/;

/** How far before its number a street may begin, more or less. */
const longestStreet = 160;

/** Street addresses where something around them says that somebody lives there or gets letters there. */
export const streetAddresses: ClaimFinder = function* (segment, digits) {
  let last = 0;
  const found = [...claimedStreets(segment, digits), ...claimedPlaces(segment, digits)];
  for (const claim of found.sort((one, other) => one.start - other.start || other.end - one.end)) {
    if (claim.start < last) continue;
    last = claim.end;
    yield claim;
  }
};

function* claimedStreets(segment: TextSegment, digits: readonly Run[]): Generator<Claim> {
  const { plain, folded } = segment;
  for (const { start, street } of streetsIn(plain, digits)) {
    const end = start + street.length;
    const before = folded.slice(Math.max(0, start - 96), start);
    const rest = goesOn.exec(plain.slice(end, end + 64));
    const isHome = rest !== null || context.test(before) || context.test(memberWords(segment.member));
    if (!isHome || (business.test(before) && !/\baddress\b/.test(before))) continue;
    yield { type: 'STREET_ADDRESS', start, end: endOf(plain, end) };
  }
}

function* claimedPlaces(segment: TextSegment, digits: readonly Run[]): Generator<Claim> {
  const { plain } = segment;
  const telling = digits.filter((run) => mayBePlaced(segment, run));
  for (const near of aroundRuns(plain, telling, longestStreet, 100)) {
    for (const { start, end } of addressesByPlace(segment, near)) {
      yield { type: 'STREET_ADDRESS', start, end: endOf(plain, end) };
    }
  }
}

/** Where an address ends whose street ends at a place: behind its flat, its town and their code. */
function endOf(plain: string, street: number): number {
  const behind = plain.slice(street, street + 64);
  const tail = postcode.exec(behind);
  if (tail !== null && /^[\p{L}\s\d,.'#-]*$/u.test(behind.slice(0, tail.index))) {
    return street + tail.index + tail[0].length;
  }
  return street + (goesOn.exec(behind)?.[0].length ?? 0);
}

function* streetsIn(plain: string, digits: readonly Run[]): Generator<{ start: number; street: string }> {
  const telling = digits.filter((run) => mayBeStreet(plain, run));
  for (const near of aroundRuns(plain, telling, longestStreet, 100)) {
    for (const { index, 0: street } of plain.slice(near.start, near.end).matchAll(streets)) {
      yield { start: near.start + index, street };
    }
  }
}
