import type { Run } from '../../../models/long-runs.js';
import type { TextSegment } from '../../../models/output-text.js';
import { aroundRuns, memberWords, plainly } from '../claims.js';
import { isCapital, matchAt } from '../digit-runs.js';
import type { Claim, ClaimFinder } from './claim.js';

/** The beginnings of the months' names, in the plain form: English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Swedish, Turkish. */
const month =
  '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|januar|mai|mae?rz|okt|dez|janv|fevr?|avr|juin|juil|aout|ene|abr|ago|dic|gen|mag|giu|lug|set|ott|fev|out|maa|mei|sty|lut|kwi|maj|cze|lip|sie|wrz|paz|lis|gru|oca|sub|nis|haz|tem|agu|eyl|eki|kas|ara)[a-z]{0,9}\\.?';
const date = new RegExp(
  `(?<![\\d])(?:\\d{1,2} ?[./-] ?\\d{1,2} ?[./-] ?(?:\\d{4}|\\d{2})|\\d{4}[./-]\\d{1,2}[./-]\\d{1,2}|\\d{1,2}(?:st|nd|rd|th|er|\\.|º)?(?: of| de)? ?-?${month}(?: de)?,? ?-?\\d{4}|${month} \\d{1,2}(?:st|nd|rd|th)?,? \\d{4}|\\d{4} ?[年년] ?\\d{1,2} ?[月월] ?\\d{1,2} ?[日일])(?!\\d)`,
);

const births = plainly(
  /(?<![a-z])(?:born|d\.?o\.?b\.?|date of birth|birth ?date|birth ?day|birthdate|day of birth|geboren|geb\.|geburtsdatum|geburtstag|nee? le|date de naissance|naissance|fecha de nacimiento|naci(?:o|do|da)?(?: el)?|nacimiento|nat[oa] (?:il|a)|data di nascita|nascita|data de nascimento|nascid[oa]|nasceu|nascimento|geboortedatum|geboren op|urodzon[ya]|data urodzenia|ur\.|fodd|fodelsedatum|dogum|dogum tarihi|dogumlu|syntynyt|syntymaaika|fodselsdato)(?![a-z])|生年月日|出生|생년월일|дата рождения|родил(?:ся|ась)|народ(?:ився|илася)|дата народження|तारीख|जन्म|تاريخ الميلاد|ημερομηνια γεννησης/g,
);

const passports = plainly(
  /(?<![a-z])(?:passports?|reisepass\w{0,8}|passnummer|pass-?nr|passeport|pasaporte|passaport[oe]|paspoort\w{0,7}|paszport\w{0,4}|pass(?:port)? ?no|pasaport\w{0,6}|passnummer)(?![a-z])|护照|旅券|パスポート|여권|паспорт|جواز|διαβατηριο/g,
);

const licences = plainly(
  /(?<![a-z])(?:driv(?:er'?s?|ing)[ -]?licen[cs]e|driver'?s? ?license|driver id|dl (?:number|no)|dl#|licen[cs]e (?:number|no)|fuhrerschein\w{0,8}|fahrerlaubnis\w{0,8}|permis de conduire|permiso de conducir|licencia de conducir|carne?t de conducir|patente(?: di guida)?|carteira de motorista|carta de conducao|cnh|rijbewijs\w{0,7}|prawo? jazdy|prawa jazdy|korkort\w{0,8}|ehliyet\w{0,4}|surucu belgesi)(?![a-z])|運転免許|驾驶证|운전면허|водительск\w*/g,
);

/** How far behind the words that introduce it a value may stand. */
const reach = 48;

/** Dates that somebody was born on, passport and driving licence numbers: what looks like one, behind words that say so. */
export const introducedData: ClaimFinder = function* (segment, digits) {
  const { plain } = segment;
  const telling = digits.filter((run) => mayBelong(plain, run));
  if (telling.length === 0) return;
  const near = aroundRuns(plain, telling, 2 * reach, 0);
  const told = near.filter(({ start, end }) => anyWords.test(segment.folded.slice(start, end)));
  const claims = forms.flatMap((form) => [...inMember(segment, form), ...behind(segment, told, form)]);
  yield* claims.sort((one, other) => one.start - other.start);
};

/** Whether digits may be those of a date or of a document: other numbers are smaller and stand alone. */
function mayBelong(plain: string, { start, end }: Run): boolean {
  return (
    end - start > 2 ||
    isCapital(plain.charCodeAt(start - 1)) ||
    isCapital(plain.charCodeAt(end)) ||
    matchAt(dayAndMonth, plain, start) !== null
  );
}

const dayAndMonth = /\d{1,2} ?[./-] ?\d{1,2} ?[./-] ?\d/y;
const passport =
  /(?<![A-Za-z\d])(?:[A-Z]{0,3} ?\d{6,9}[A-Z]?|(?=(?:[A-Z]*\d){4})[A-Z\d]{8,10})(?![A-Za-z\d]|[-.,/]\d)/;
const licence =
  /(?<![A-Za-z\d])(?=[A-Z\d -]*\d{3})[A-Z\d](?:[A-Z\d]|[ -](?=[A-Z]{0,2}\d)){5,22}(?![A-Za-z\d]|[.,/]\d)/;
const forms = [
  { type: 'DATE_OF_BIRTH', words: births, form: date },
  { type: 'PASSPORT', words: passports, form: passport },
  { type: 'DRIVING_LICENCE', words: licences, form: licence },
] as const;

/** Any of the words: most stretches have none of them. */
const anyWords = new RegExp(forms.map(({ words }) => words.source).join('|'));

type Form = (typeof forms)[number];

/** What a member begins with that is named like the words. */
function* inMember({ plain, folded, member }: TextSegment, { type, words, form }: Form): Generator<Claim> {
  if (member === '' || memberWords(member).search(words) < 0) return;
  const found = form.exec((type === 'DATE_OF_BIRTH' ? folded : plain).slice(0, reach));
  if (found?.index === 0) yield { type, start: 0, end: found[0].length };
}

/** What fits the form within reach of the words. */
function* behind(
  { plain, folded }: TextSegment,
  near: readonly Run[],
  { type, words, form }: Form,
): Generator<Claim> {
  const isDate = type === 'DATE_OF_BIRTH';
  let from = 0;
  for (const { start, end } of near) {
    for (const { index, 0: word } of folded.slice(start, end).matchAll(words)) {
      const value = start + index + word.length;
      if (value < from) continue;
      const rest = (isDate ? folded : plain).slice(value, value + reach);
      const stop = rest.search(
        isDate ? /[!?\n]|\.\s+[a-z]{4,}/ : /[!?\n;]|(?<!\b[Nn][ro]?|\b[Nn]um|\b[Nn]úm)\.\s/,
      );
      const found = form.exec(stop < 0 ? rest : rest.slice(0, stop));
      if (found === null || (!isDate && !isClose(rest.slice(0, found.index)))) continue;
      from = value + found.index + found[0].length;
      yield { type, start: value + found.index, end: from };
    }
  }
}

/** Whether no more than a few words that lead on stand between a word and the value. */
function isClose(between: string): boolean {
  return (
    between.split(/\s+/).length <= 8 &&
    !/\b(?:order|ticket|invoice|flight|booking|case|fee|costs?)\b/i.test(between)
  );
}
