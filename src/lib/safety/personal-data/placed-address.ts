import type { Run } from '../../../models/long-runs.js';
import type { TextSegment } from '../../../models/output-text.js';
import { plainly } from '../claims.js';
import { matchAt } from '../digit-runs.js';

const word = "\\p{L}[\\p{L}.'-]{0,24}";
const capital = "\\p{Lu}[\\p{L}.'-]{0,24}";
const houseNumber = '\\d{1,5}[A-Za-z]?(?:[-/]\\d{1,4})?\\.?';
const gap = '[ \\n]{1,3}';
const unit =
  '(?:apt|apartment|suite|ste|unit|flat|whg|wohnung|top|piso|apto|appt|appartement|int|interno|box|bus)\\.? ?#?';

/** Whole by themselves: the mail of armed forces, and something with a number before a flat, its number and a place. */
const whole = [
  '(?:PSC|CMR|Unit) \\d{3,5},? Box \\d{1,5}',
  '(?:APO|FPO|DPO),? A[AEP] \\d{5}',
  `\\d{1,6}(?: \\d{1,5})? (?:${word} ){1,6}(?:\\d{1,5}\\.?)?[\\s,>?|*]{0,8}(?:Apt|Apartment|Suite|Ste)\\.? ?#?\\d{1,5}(?![\\p{L}\\d])`,
  `(?:${word} ){1,5}${houseNumber}[\\s,>?|*]{1,8}(?:Apt|Apartment|Suite|Ste)\\.? ?#?\\d{1,5}(?![\\p{L}\\d])`,
];

/** Of how many words a name before a number may be. */
const mostCapitals = 5;

/** What may be an address where one is announced: a number and a name, a name and a number, or both. */
const placed = [
  `\\d{1,6}[A-Za-z]?,? (?:\\d{1,5} )?(?:${word} ){0,5}${word}${gap}${houseNumber}(?![\\p{L}\\d])`,
  `\\d{1,6}[A-Za-z]?,? (?:\\d{1,5} )?(?:(?:of|the|de|la|du|van|der|al) ){0,2}(?:${capital} ){1,5}${capital}`,
  `(?:${capital} ){1,${mostCapitals}}${houseNumber}(?![\\p{L}\\d])`,
];
const capitalBefore = new RegExp(`(?<=(?<![\\p{L}\\d.,#-])(${capital} ))`, 'uy');

const expressionOf = (shapes: readonly string[]): RegExp =>
  new RegExp(`(?<![\\p{L}\\d.,#-])(?:${shapes.join('|')})`, 'giu');
const wholeAddresses = expressionOf(whole);
const placedAddresses = new RegExp(`(?<![\\p{L}\\d.,#-])(?:${placed.join('|')})`, 'gu');

/** What announces an address right before it. */
const announced = plainly(
  /(?<=(?:(?<![a-z])(?:address(?:es)?(?: of [^\n]{1,40}?)?(?: is| are| as| to| with|:)|addresses, here they are:|lives?(?: at| on| in)|living at|resid(?:es?|ing) at|stay(?:s|ing)? at|located (?:at|on)|(?:office|restaurant|shop|clinic|hotel|house|home|place|station|stop) is (?:at|on)|(?:sent|send|mail|ship|shipped|deliver|delivered|return|posted?)(?: (?:it|them|this|that|one|a new one|the \w{1,16}))? to|meet (?:me|you|us|him|her|them) at|arrived at|should go to|taxi to|(?:moved|moving) to|drops? (?:you|me|us|it|him|her)(?: off)? (?:at|on)|stop at|corner of|user:|it's (?:in|at|on)|anschrift(?: ist|:)|adresse(?: ist| est| :|:)|wohnt? (?:in|am|an der|in der)|j'habite(?: au)?|direccion(?: es|:)|vivo en|indirizzo(?: e|:)|abito in|adres(?: is|:)|morada(?: e|:)|endereco(?: e|:))[\s*]{0,6}(?:the (?:corner of|\w{1,10} side of) )?))/y,
);

/** Words before a number that are no streets. */
const otherPlaces =
  /^(?:gate|terminal|room|platform|page|step|level|table|booth|hall|stage|dock|bay|port|line|chapter|version|section|exit|printer|form|sprint|channel|box|block|figure|position|phase|step|part|week|day|act|scene|floor|zone|area|track|lane|pier|row|seat|shelf|aisle|bin|node|server|host|january|february|march|april|may|june|july|august|september|october|november|december|q[1-4])(?![a-z])/i;
/** What is counted or timed is no place. */
const counted =
  /^\d{1,6} (?:am|pm|percent|per|times?|rows?|days?|weeks?|months?|years?|hours?|minutes?|seconds?|servers?|customers?|people|persons?|users?|stores?|countries|subscribers?|items?|teams?|members?|of|and|or|in|on|at|by|from|until|to|january|february|march|april|may|june|july|august|september|october|november|december)(?![a-z])|(?<![a-z])(?:january|february|march|april|may|june|july|august|september|october|november|december),? \d{1,4}$/i;
const flat = new RegExp(`^[\\s,]{0,6}${unit}\\d{1,5}[A-Za-z]?`, 'iu');

/** What stands before digits that are announced, or are those of a flat, of a box or of the mail of armed forces. */
const beforeDigits = new RegExp(`${announced.source}|(?<=${unit}|box |[afd]po,? a[aep] )`, 'uy');

/** A place in a text that is an address by what stands around it, whatever its street is called. */
export interface PlacedAddress {
  readonly start: number;
  readonly end: number;
}

/** Whether digits may be part of such an address: something announces it, or they are those of a box or a flat. */
export function mayBePlaced({ plain, folded }: TextSegment, { start }: Run): boolean {
  if (matchAt(beforeDigits, folded, start) !== null) return true;
  let word = start;
  for (let words = 0; words < mostCapitals; words += 1) {
    const before = matchAt(capitalBefore, plain, word);
    if (before === null) return false;
    word -= before[1]?.length ?? 0;
    if (matchAt(announced, folded, word) !== null) return true;
  }
  return false;
}

/** Addresses in a stretch of a text that are whole by themselves, or stand where one is announced. */
export function* addressesByPlace({ plain, folded }: TextSegment, stretch: Run): Generator<PlacedAddress> {
  const near = plain.slice(stretch.start, stretch.end);
  for (const { index, 0: text } of near.matchAll(wholeAddresses)) {
    const start = stretch.start + index;
    if (!counted.test(text)) yield { start, end: start + text.length };
  }
  for (const { index, 0: text } of near.matchAll(placedAddresses)) {
    const start = stretch.start + index;
    if (counted.test(text) || otherPlaces.test(text)) continue;
    const after = plain.slice(start + text.length, start + text.length + 24);
    if (matchAt(announced, folded, start) === null && !flat.test(after)) continue;
    yield { start, end: start + text.length };
  }
}
