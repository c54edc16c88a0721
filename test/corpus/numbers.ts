import { createHash } from 'node:crypto';
import type { Chance } from './chance.js';

/** Makes one value; asked again, another. */
export type Maker = (chance: Chance) => string;

/** The digit that makes a number pass the Luhn test (ISO/IEC 7812-1). */
function luhn(digits: string): string {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return String((10 - (sum % 10)) % 10);
}

/** The sum of the digits, each times its weight. */
function weighed(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, index) => sum + weight * Number(digits[index] ?? 0), 0);
}

/** The remainder of a decimal number of any length. */
function remainder(digits: string, divisor: number): number {
  return [...digits].reduce((rest, digit) => (rest * 10 + Number(digit)) % divisor, 0);
}

/** The first attempt that succeeds: some numbers have no check digit and are not given out. */
function until(attempt: () => string | undefined): string {
  for (;;) {
    const value = attempt();
    if (value !== undefined) return value;
  }
}

/** The last digit or letter exchanged, so that the check fails. */
export function broken(value: string): string {
  const at = value.search(/\d\D*$/);
  return `${value.slice(0, at)}${(Number(value[at]) + 3) % 10}${value.slice(at + 1)}`;
}

function grouped(digits: string, sizes: readonly number[], separator: string): string {
  let from = 0;
  return sizes
    .map((size) => digits.slice(from, (from += size)))
    .filter((group) => group !== '')
    .join(separator);
}

interface Day {
  readonly year: number;
  readonly month: string;
  readonly day: string;
}

function birthday(chance: Chance, from = 1940, to = 1999): Day {
  const two = (value: number): string => String(value).padStart(2, '0');
  return { year: chance.whole(from, to), month: two(chance.whole(1, 12)), day: two(chance.whole(1, 28)) };
}

const yy = (year: number): string => String(year % 100).padStart(2, '0');

/** Issuers' ranges, and how their numbers are printed. */
const issuers: readonly (readonly [
  prefixes: readonly string[],
  length: number,
  groups: readonly number[],
])[] = [
  [['4539', '4556', '4916', '4024', '4485'], 16, [4, 4, 4, 4]],
  [['5101', '5264', '5391', '5475', '5522', '2221', '2720'], 16, [4, 4, 4, 4]],
  [['3400', '3714', '3782'], 15, [4, 6, 5]],
  [['6011', '6500'], 16, [4, 4, 4, 4]],
  [['3528', '3589'], 16, [4, 4, 4, 4]],
  [['3055', '3600', '3800'], 14, [4, 6, 4]],
];

/** A payment card number of one of the large issuers, printed in one of the usual ways. */
export const paymentCard: Maker = (chance) => {
  const [prefixes, length, groups] = chance.one(issuers);
  const start = chance.one(prefixes) + chance.digits(length - 5);
  return grouped(start + luhn(start), groups, chance.one(['', ' ', '-', ' ']));
};

const ibanForms: readonly (readonly [country: string, mask: string])[] = [
  ['DE', '##################'],
  ['GB', '^^^^##############'],
  ['FR', '#######################'],
  ['ES', '####################'],
  ['IT', '^######################'],
  ['NL', '^^^^##########'],
  ['BE', '############'],
  ['AT', '################'],
  ['CH', '#################'],
  ['PL', '########################'],
  ['PT', '#####################'],
  ['SE', '####################'],
  ['TR', '######################'],
  ['IE', '^^^^##############'],
  ['NO', '###########'],
  ['FI', '##############'],
  ['DK', '##############'],
];

/** An IBAN (ISO 13616) in print or electronic form. */
export const iban: Maker = (chance) => {
  const [country, mask] = chance.one(ibanForms);
  const account = chance.filled(mask);
  const asDigits = [...`${account}${country}00`].map((sign) => parseInt(sign, 36)).join('');
  const check = String(98 - remainder(asDigits, 97)).padStart(2, '0');
  const whole = `${country}${check}${account}`;
  return chance.one([whole, grouped(whole, Array<number>(9).fill(4), ' ')]);
};

const dniLetters = 'TRWAGMYFPDXBNJZSQVHLCKE';
const hetuLetters = '0123456789ABCDEFHJKLMNPRSTUVWXY';

const steuerId: Maker = (chance) =>
  until(() => {
    const digits = Array.from({ length: 10 }, (_, digit) => String(digit)).map((digit) => ({
      digit,
      order: chance.whole(0, 1e6),
    }));
    const ten = digits.sort((one, other) => one.order - other.order).map(({ digit }) => digit);
    ten[chance.whole(2, 9)] = ten[0] ?? '0';
    if (ten[0] === '0') return undefined;
    let product = 10;
    for (const digit of ten) {
      const sum = (Number(digit) + product) % 10 || 10;
      product = (sum * 2) % 11;
    }
    return `${ten.join('')}${(11 - product) % 10}`;
  });

const oddValues = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

const codiceFiscale: Maker = (chance) => {
  const { year, month, day } = birthday(chance);
  const name = chance.one(['RSSMRA', 'BNCLCU', 'FRRGLI', 'VRDGPP', 'CNTSFN', 'GLLPLA']);
  const place = chance.one(['H501', 'F205', 'L219', 'A944', 'D612', 'F839']);
  const start = `${name}${yy(year)}${'ABCDEHLMPRST'[Number(month) - 1] ?? 'A'}${day}${place}`;
  const sum = [...start].reduce((total, sign, index) => {
    const value = /\d/.test(sign) ? Number(sign) : sign.charCodeAt(0) - 65;
    return total + (index % 2 === 0 ? (oddValues[value] ?? 0) : value);
  }, 0);
  return start + String.fromCharCode(65 + (sum % 26));
};

const verhoeffProducts = [
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
const verhoeffTurns = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
];
const verhoeffInverse = '0432156789';

function verhoeff(digits: string): string {
  const sum = [...digits].reverse().reduce((row, digit, index) => {
    const turned = verhoeffTurns[(index + 1) % 8]?.[Number(digit)] ?? '0';
    return Number(verhoeffProducts[row]?.[Number(turned)] ?? 0);
  }, 0);
  return verhoeffInverse[sum] ?? '0';
}

const cpf: Maker = (chance) => {
  const nine = chance.digits(9);
  const digit = (digits: string): number => {
    const rest = weighed(
      digits,
      [...digits].map((_, index) => digits.length + 1 - index),
    );
    return ((rest * 10) % 11) % 10;
  };
  const ten = `${nine}${digit(nine)}`;
  const all = `${ten}${digit(ten)}`;
  return chance.one([`${all.slice(0, 3)}.${all.slice(3, 6)}.${all.slice(6, 9)}-${all.slice(9)}`, all]);
};

/** The national number of a country's inhabitants, by the country; each passes its check. */
export const nationalIds: Readonly<Record<string, Maker>> = {
  GB_NHS: (chance) =>
    until(() => {
      const nine = `${chance.whole(4, 7)}${chance.digits(8)}`;
      const check = (11 - (weighed(nine, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
      return check === 10
        ? undefined
        : grouped(`${nine}${check}`, [3, 3, 4], chance.one([' ', ' ', '-', '']));
    }),
  GB_NINO: (chance) => {
    const start = chance.one(['AB', 'CE', 'JK', 'PR', 'SX', 'WM', 'YT', 'NH', 'ZL']);
    const end = chance.text('ABCD', 1);
    return chance.one([chance.filled(`${start} ## ## ## ${end}`), chance.filled(`${start}######${end}`)]);
  },
  DE_TAX_ID: steuerId,
  FR_NIR: (chance) => {
    const { year, month } = birthday(chance);
    const all = `${chance.one(['1', '2'])}${yy(year)}${month}${chance.whole(10, 89)}${chance.filled('1##')}${chance.filled('0##')}`;
    const key = String(97 - remainder(all, 97)).padStart(2, '0');
    return chance.one([grouped(all + key, [1, 2, 2, 2, 3, 3, 2], ' '), all + key]);
  },
  ES_DNI: (chance) => {
    const digits = chance.digits(8);
    return `${digits}${dniLetters[Number(digits) % 23] ?? 'T'}`;
  },
  ES_NIE: (chance) => {
    const first = chance.whole(0, 2);
    const digits = chance.digits(7);
    return `${'XYZ'[first] ?? 'X'}${digits}${dniLetters[Number(`${first}${digits}`) % 23] ?? 'T'}`;
  },
  IT_FISCAL_CODE: codiceFiscale,
  NL_BSN: (chance) =>
    until(() => {
      const eight = `${chance.whole(1, 9)}${chance.digits(7)}`;
      const check = weighed(eight, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
      return check === 10 ? undefined : `${eight}${check}`;
    }),
  PL_PESEL: (chance) => {
    const { year, month, day } = birthday(chance);
    const ten = `${yy(year)}${month}${day}${chance.digits(4)}`;
    return `${ten}${(10 - (weighed(ten, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10}`;
  },
  SE_PERSONAL_NUMBER: (chance) => {
    const { year, month, day } = birthday(chance);
    const nine = `${yy(year)}${month}${day}${chance.digits(3)}`;
    return `${chance.one(['', '19'])}${nine.slice(0, 6)}-${nine.slice(6)}${luhn(nine)}`;
  },
  FI_HETU: (chance) => {
    const { year, month, day } = birthday(chance);
    const number = String(chance.whole(2, 899)).padStart(3, '0');
    const check = hetuLetters[Number(`${day}${month}${yy(year)}${number}`) % 31] ?? '0';
    return `${day}${month}${yy(year)}-${number}${check}`;
  },
  BE_NATIONAL_NUMBER: (chance) => {
    const { year, month, day } = birthday(chance);
    const nine = `${yy(year)}${month}${day}${String(chance.whole(1, 997)).padStart(3, '0')}`;
    const all = nine + String(97 - remainder(nine, 97)).padStart(2, '0');
    return `${grouped(all.slice(0, 6), [2, 2, 2], '.')}-${all.slice(6, 9)}.${all.slice(9)}`;
  },
  PT_NIF: (chance) => {
    const eight = `${chance.one(['1', '2', '3'])}${chance.digits(7)}`;
    const check = 11 - (weighed(eight, [9, 8, 7, 6, 5, 4, 3, 2]) % 11);
    return grouped(`${eight}${check > 9 ? 0 : check}`, [3, 3, 3], chance.one(['', ' ']));
  },
  BR_CPF: cpf,
  CA_SIN: (chance) => {
    const eight = `${chance.one(['1', '2', '4', '5', '6', '7'])}${chance.digits(7)}`;
    return grouped(eight + luhn(eight), [3, 3, 3], chance.one([' ', '-']));
  },
  AU_TFN: (chance) =>
    until(() => {
      const nine = `${chance.whole(1, 9)}${chance.digits(8)}`;
      return weighed(nine, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0
        ? grouped(nine, [3, 3, 3], ' ')
        : undefined;
    }),
  AU_MEDICARE: (chance) => {
    const eight = `${chance.whole(2, 6)}${chance.digits(7)}`;
    const check = weighed(eight, [1, 3, 7, 9, 1, 3, 7, 9]) % 10;
    return grouped(`${eight}${check}${chance.whole(1, 3)}`, [4, 5, 1], ' ');
  },
  IN_AADHAAR: (chance) => {
    const eleven = `${chance.whole(2, 9)}${chance.digits(10)}`;
    return grouped(eleven + verhoeff(eleven), [4, 4, 4], ' ');
  },
  CN_RESIDENT_ID: (chance) => {
    const { year, month, day } = birthday(chance);
    const region = chance.one(['110105', '310104', '440305', '330106', '510107']);
    const start = `${region}${year}${month}${day}${chance.digits(3)}`;
    const sum = weighed(start, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    return `${start}${'10X98765432'[sum % 11] ?? '1'}`;
  },
  JP_MY_NUMBER: (chance) => {
    const eleven = `${chance.whole(1, 9)}${chance.digits(10)}`;
    const rest = weighed(eleven, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    return grouped(`${eleven}${rest <= 1 ? 0 : 11 - rest}`, [4, 4, 4], chance.one([' ', '']));
  },
  KR_RRN: (chance) => {
    const { year, month, day } = birthday(chance);
    const twelve = `${yy(year)}${month}${day}${chance.one(['1', '2'])}${chance.digits(5)}`;
    const check = (11 - (weighed(twelve, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11)) % 10;
    return `${twelve.slice(0, 6)}-${twelve.slice(6)}${check}`;
  },
  TR_ID: (chance) => {
    const nine = `${chance.whole(1, 9)}${chance.digits(8)}`;
    const odd = weighed(nine, [1, 0, 1, 0, 1, 0, 1, 0, 1]);
    const even = weighed(nine, [0, 1, 0, 1, 0, 1, 0, 1]);
    const tenth = (((odd * 7 - even) % 10) + 10) % 10;
    const eleventh = ([...nine].reduce((sum, digit) => sum + Number(digit), 0) + tenth) % 10;
    return `${nine}${tenth}${eleventh}`;
  },
  CH_AHV: (chance) => {
    const twelve = `756${chance.digits(9)}`;
    const check = (10 - (weighed(twelve, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10)) % 10;
    return grouped(`${twelve}${check}`, [3, 4, 4, 2], '.');
  },
  NO_BIRTH_NUMBER: (chance) =>
    until(() => {
      const { year, month, day } = birthday(chance);
      const nine = `${day}${month}${yy(year)}${chance.whole(100, 499)}`;
      const first = (11 - (weighed(nine, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11)) % 11;
      const second = (11 - (weighed(`${nine}${first}`, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
      return first === 10 || second === 10
        ? undefined
        : grouped(`${nine}${first}${second}`, [6, 5], chance.one([' ', '']));
    }),
  IE_PPS: (chance) => {
    const digits = chance.digits(7);
    return `${digits}${'WABCDEFGHIJKLMNOPQRSTUV'[weighed(digits, [8, 7, 6, 5, 4, 3, 2]) % 23] ?? 'W'}`;
  },
};

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function base58Check(payload: Buffer): string {
  const all = Buffer.concat([payload, sha256(sha256(payload)).subarray(0, 4)]);
  let number = BigInt(`0x${all.toString('hex')}`);
  let text = '';
  for (; number > 0n; number /= 58n) text = (base58[Number(number % 58n)] ?? '') + text;
  const zeros = all.findIndex((byte) => byte !== 0);
  return '1'.repeat(zeros) + text;
}

const bech32Signs = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const bech32Generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

function polymod(values: readonly number[]): number {
  let check = 1;
  for (const value of values) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    bech32Generator.forEach((part, bit) => {
      if (((top >> bit) & 1) === 1) check ^= part;
    });
  }
  return check;
}

/** A witness address of version 0 (BIP 173). */
function bech32(program: readonly number[]): string {
  const values = [0, ...program];
  const prefix = [3, 3, 0, 2, 3];
  const sum = polymod([...prefix, ...values, 0, 0, 0, 0, 0, 0]) ^ 1;
  const check = [25, 20, 15, 10, 5, 0].map((shift) => (sum >>> shift) & 31);
  return `bc1${[...values, ...check].map((value) => bech32Signs[value] ?? '').join('')}`;
}

/** Mixed-case addresses whose case is their check (the examples of ERC-55). */
const ethereum = [
  '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
  '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
  '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
];

/** An address of a Bitcoin or Ethereum wallet. */
export const cryptoWallet: Maker = (chance) => {
  const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => chance.whole(0, 255)));
  return chance.one([
    () => base58Check(Buffer.concat([Buffer.from([0]), bytes(20)])),
    () => base58Check(Buffer.concat([Buffer.from([5]), bytes(20)])),
    () => bech32(Array.from({ length: 31 }, () => chance.whole(0, 31)).concat(chance.one([0, 16]))),
    () => chance.one(ethereum),
  ])();
};

/** A social security number of the United States that can have been assigned. */
export const usSsn: Maker = (chance) =>
  until(() => {
    const area = chance.whole(1, 899);
    if (area === 666) return undefined;
    return `${String(area).padStart(3, '0')}-${chance.whole(10, 99)}-${chance.whole(1000, 9999)}`;
  });
