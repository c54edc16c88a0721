import {
  digitsOf,
  isDay,
  passesEan13,
  passesLuhn,
  passesMod11,
  passesMod11Comma10,
  passesVerhoeff,
  weighed,
} from './check-digits.js';

/** Two digits from a place on, as a number. */
function pair(digits: readonly number[], at: number): number {
  return 10 * (digits[at] ?? 0) + (digits[at + 1] ?? 0);
}

function isVaried(text: string): boolean {
  return new Set(text.replace(/\D/g, '')).size > 1;
}

/** NHS number: ten digits, MOD 11 (NHS Data Dictionary). */
export function isNhsNumber(text: string): boolean {
  const digits = digitsOf(text);
  return isVaried(text) && passesMod11(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]);
}

/** National Insurance number: prefixes that are allocated, suffix A to D (HMRC, NIM39110). */
export function isNino(text: string): boolean {
  return (
    /^[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/i.test(text) && !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/i.test(text)
  );
}

/** Steuerliche Identifikationsnummer: one digit twice or thrice among the first ten, ISO 7064 MOD 11,10 (§ 139b AO). */
export function isGermanTaxId(text: string): boolean {
  const digits = digitsOf(text);
  const distinct = new Set(digits.slice(0, 10)).size;
  return digits[0] !== 0 && (distinct === 8 || distinct === 9) && passesMod11Comma10(digits);
}

/** Numéro d'inscription au répertoire: sex, year, month, place, and a key modulo 97; 2A and 2B are Corsica (INSEE). */
export function isFrenchNir(text: string): boolean {
  if (!/^[1-478]\d\d(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d\d|2[AB])\d{8}$/i.test(text)) return false;
  const number = text.toUpperCase().replace('2A', '19').replace('2B', '18');
  return 97n - (BigInt(number.slice(0, 13)) % 97n) === BigInt(number.slice(13));
}

/** DNI and NIE: the letter is the number modulo 23; X, Y and Z stand for 0, 1 and 2 (Orden INT/2058/2008). */
export function isSpanishDni(text: string): boolean {
  const written = text.toUpperCase();
  if (!/^[XYZ\d]\d{7}[A-Z]$/.test(written)) return false;
  const number = Number(written.slice(0, 8).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter))));
  return 'TRWAGMYFPDXBNJZSQVHLCKE'.charAt(number % 23) === written.charAt(8);
}

const oddValues = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

/** Codice fiscale: names, date and place of birth, and a letter modulo 26 (D.M. 23 December 1976). */
export function isItalianFiscalCode(text: string): boolean {
  const code = text.toUpperCase();
  if (!/^[A-Z]{6}[\dL-NP-V]{2}[ABCDEHLMPRST][\dL-NP-V]{2}[A-Z][\dL-NP-V]{3}[A-Z]$/.test(code)) return false;
  const sum = [...code.slice(0, 15)].reduce((total, sign, index) => {
    const value = /\d/.test(sign) ? Number(sign) : sign.charCodeAt(0) - 65;
    return total + (index % 2 === 0 ? (oddValues[value] ?? 0) : value);
  }, 0);
  return String.fromCharCode(65 + (sum % 26)) === code.charAt(15);
}

/** Burgerservicenummer: nine digits, the eleven test with -1 for the last one (RvIG). */
export function isBsn(text: string): boolean {
  return isVaried(text) && weighed(digitsOf(text), [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;
}

/** PESEL: date of birth with the century in the month, and a check digit modulo 10 (Dz.U. 2010 nr 217 poz. 1427). */
export function isPesel(text: string): boolean {
  const digits = digitsOf(text);
  const sum = weighed(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
  return isDay(pair(digits, 2) % 20, pair(digits, 4)) && isVaried(text) && sum % 10 === 0;
}

/** Personnummer and samordningsnummer: date of birth (day plus 60 for the latter) and Luhn's digit (SFS 1991:481). */
export function isPersonnummer(text: string): boolean {
  const digits = digitsOf(text).slice(-10);
  const day = pair(digits, 4);
  return isDay(pair(digits, 2), day > 60 ? day - 60 : day) && passesLuhn(digits);
}

/** Henkilötunnus: date of birth, a sign for the century, and a letter modulo 31 (Asetus 128/2010, 690/2022). */
export function isHetu(text: string): boolean {
  const found = /^(\d\d)(\d\d)(\d\d)[-+A-FU-Y](\d{3})([\dA-FHJ-NPR-Y])$/i.exec(text);
  if (!found) return false;
  const [, day = '', month = '', year = '', serial = '', check = ''] = found;
  const rest = Number(day + month + year + serial) % 31;
  return (
    isDay(Number(month), Number(day)) &&
    '0123456789ABCDEFHJKLMNPRSTUVWXY'.charAt(rest) === check.toUpperCase()
  );
}

/** Rijksregisternummer: date of birth, and 97 less the number modulo 97, from 2000 on with a 2 before it. */
export function isBelgianNumber(text: string): boolean {
  const number = text.replace(/\D/g, '');
  const [base, check] = [number.slice(0, 9), Number(number.slice(9))];
  const month = Number(number.slice(2, 4)) % 20;
  if (month > 12 || Number(number.slice(4, 6)) > 31) return false;
  return [base, `2${base}`].some((counted) => 97 - (Number(counted) % 97) === check);
}

/** Número de identificação fiscal: nine digits, modulo 11, of a person (1, 2, 3 and 45). */
export function isPortugueseNif(text: string): boolean {
  const digits = digitsOf(text);
  const rest = weighed(digits, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
  return /^(?:[123]|45)/.test(text.replace(/\D/g, '')) && (rest < 2 ? 0 : 11 - rest) === digits[8];
}

/** Cadastro de Pessoas Físicas: two check digits modulo 11 (Receita Federal). */
export function isCpf(text: string): boolean {
  const digits = digitsOf(text);
  const check = (length: number): boolean => {
    const weights = Array.from({ length }, (_, index) => length + 1 - index);
    return ((weighed(digits, weights) * 10) % 11) % 10 === digits[length];
  };
  return isVaried(text) && check(9) && check(10);
}

/** Social Insurance Number: Luhn's digit; 0 and 8 are not issued to persons. */
export function isSin(text: string): boolean {
  return !/^[08]/.test(text) && isVaried(text) && passesLuhn(digitsOf(text));
}

/** Tax File Number of nine digits (Australian Taxation Office). */
export function isTfn(text: string): boolean {
  return isVaried(text) && weighed(digitsOf(text), [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0;
}

/** Medicare card: eight digits from 2 to 6, a check digit modulo 10, an issue number. */
export function isMedicareNumber(text: string): boolean {
  const digits = digitsOf(text);
  const first = digits[0] ?? 0;
  return first >= 2 && first <= 6 && weighed(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === digits[8];
}

/** Aadhaar: twelve digits, not from 0 or 1, Verhoeff's check digit (UIDAI). */
export function isAadhaar(text: string): boolean {
  return /^[2-9]/.test(text) && isVaried(text) && passesVerhoeff(digitsOf(text));
}

/** Resident identity card: place, date of birth, serial, ISO 7064 MOD 11-2 (GB 11643-1999). */
export function isChineseId(text: string): boolean {
  const found = /^[1-9]\d{5}(?:19|20)\d\d(\d\d)(\d\d)\d{3}[\dX]$/i.exec(text);
  if (!found || !isDay(Number(found[1]), Number(found[2]))) return false;
  const sum = weighed(
    [...text.slice(0, 17)].map(Number),
    [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2],
  );
  return '10X98765432'.charAt(sum % 11) === text.charAt(17).toUpperCase();
}

/** Individual Number ("My Number"): twelve digits, the last one modulo 11 (Ministerial Ordinance 85 of 2014). */
export function isMyNumber(text: string): boolean {
  const digits = digitsOf(text);
  const rest = weighed(digits, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return isVaried(text) && (rest <= 1 ? 0 : 11 - rest) === digits[11];
}

/** Resident registration number: date of birth and a sex digit; since October 2020 it has no check digit. */
export function isRrn(text: string): boolean {
  const digits = digitsOf(text);
  return isDay(pair(digits, 2), pair(digits, 4)) && (digits[6] ?? 9) >= 1 && (digits[6] ?? 9) <= 8;
}

/** T.C. kimlik numarası: two check digits (Law 5490). */
export function isTurkishId(text: string): boolean {
  const digits = digitsOf(text);
  const odd = weighed(digits, [1, 0, 1, 0, 1, 0, 1, 0, 1]);
  const even = weighed(digits, [0, 1, 0, 1, 0, 1, 0, 1]);
  const sum = weighed(digits, Array<number>(10).fill(1));
  return digits[0] !== 0 && (((7 * odd - even) % 10) + 10) % 10 === digits[9] && sum % 10 === digits[10];
}

/** Fødselsnummer: date of birth (day plus 40 for a D number) and two check digits modulo 11 (Skatteetaten). */
export function isNorwegianNumber(text: string): boolean {
  const digits = digitsOf(text);
  return (
    isDay(pair(digits, 2) % 40, pair(digits, 0) % 40) &&
    passesMod11(digits, [3, 7, 6, 1, 8, 9, 4, 5, 2]) &&
    passesMod11(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2])
  );
}

/** CPR number: a date of birth; since October 2007 it has no check digit. */
export function isCpr(text: string): boolean {
  const digits = digitsOf(text);
  return isDay(pair(digits, 2), pair(digits, 0));
}

/** AHV number: country 756 and an EAN-13 check digit (Zentrale Ausgleichsstelle). */
export function isAhv(text: string): boolean {
  return text.startsWith('756') && passesEan13(digitsOf(text));
}

/** Personal Public Service number: a letter modulo 23, and one for the weight of nine (Department of Social Protection). */
export function isPps(text: string): boolean {
  const written = text.toUpperCase();
  const second = written.charAt(8);
  const extra = second === '' || second === 'W' ? 0 : second.charCodeAt(0) - 64;
  const sum = weighed(digitsOf(written), [8, 7, 6, 5, 4, 3, 2]) + 9 * extra;
  return 'WABCDEFGHIJKLMNOPQRSTUV'.charAt(sum % 23) === written.charAt(7);
}
