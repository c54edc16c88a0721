/** What the kinds of UTF-16 code units are, looked up once each: 0 where nobody has looked yet. */
const kinds = new Uint8Array(0x10000);
const seen = 1;
const word = 2;
const mark = 4;
const unspaced = 8;

/** Whether a unit outside the surrogates is a letter, a digit or a mark. */
export function isWordUnit(unit: number): boolean {
  return (kindOf(unit) & word) !== 0;
}

/** Whether a unit outside the surrogates is a mark on the character before it. */
export function isMarkUnit(unit: number): boolean {
  return (kindOf(unit) & mark) !== 0;
}

/** Whether a unit is of a script that writes its words without spaces between them. */
export function isUnspacedUnit(unit: number): boolean {
  return (kindOf(unit) & unspaced) !== 0;
}

function kindOf(unit: number): number {
  const known = kinds[unit] ?? 0;
  if (known !== 0) return known;
  const character = String.fromCharCode(unit);
  const kind =
    seen |
    (/[\p{L}\p{N}\p{M}]/u.test(character) ? word : 0) |
    (/\p{M}/u.test(character) ? mark : 0) |
    (/[\p{sc=Han}\p{scx=Hira}\p{scx=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Hangul}]/u.test(
      character,
    )
      ? unspaced
      : 0);
  kinds[unit] = kind;
  return kind;
}
