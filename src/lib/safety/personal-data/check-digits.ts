/** The digits of a number, without what stands between them. */
export function digitsOf(text: string): readonly number[] {
  return [...text.replace(/\D/g, '')].map(Number);
}

/** The sum of the digits, each times its weight; digits beyond the weights do not count. */
export function weighed(digits: readonly number[], weights: readonly number[]): number {
  return weights.reduce((sum, weight, index) => sum + weight * (digits[index] ?? 0), 0);
}

/** Luhn's check digit (ISO/IEC 7812-1, annex B). */
export function passesLuhn(digits: readonly number[]): boolean {
  const sum = digits.reduceRight((total, digit, index) => {
    const weight = (digits.length - index) % 2 === 0 ? 2 * digit : digit;
    return total + (weight > 9 ? weight - 9 : weight);
  }, 0);
  return sum % 10 === 0;
}

/** ISO 7064 MOD 11,10, the check digit last. */
export function passesMod11Comma10(digits: readonly number[]): boolean {
  let product = 10;
  for (const digit of digits.slice(0, -1)) {
    const sum = (digit + product) % 10 || 10;
    product = (2 * sum) % 11;
  }
  return (11 - product) % 10 === digits.at(-1);
}

/** Weighs the digits before the last one modulo 11; the last one is what is missing to 11, and never ten. */
export function passesMod11(digits: readonly number[], weights: readonly number[]): boolean {
  const rest = (11 - (weighed(digits, weights) % 11)) % 11;
  return rest === digits[weights.length];
}

const dihedral = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
];
const permutations = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
];

/** Verhoeff's check digit (1969), over the dihedral group of order ten. */
export function passesVerhoeff(digits: readonly number[]): boolean {
  let check = 0;
  [...digits].reverse().forEach((digit, index) => {
    const moved = Number(permutations[index % 8]?.charAt(digit));
    check = Number(dihedral[check]?.charAt(moved));
  });
  return check === 0;
}

/** The check digit of an article number (GS1 EAN-13). */
export function passesEan13(digits: readonly number[]): boolean {
  return weighed(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0;
}

/** Whether there is such a day in a month of some year. */
export function isDay(month: number, day: number): boolean {
  const lengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day >= 1 && day <= (lengths[month - 1] ?? 0);
}
