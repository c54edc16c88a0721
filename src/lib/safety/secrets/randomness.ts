/** Whether a value only stands where a secret would: `<password>`, `${TOKEN}`, `****`, `[REDACTED]`, `your-key-here`. */
export function isPlaceholder(value: string): boolean {
  return (
    /^[*xX•.#_-]+$/.test(value) ||
    /^[A-Z_]*(?:PASS(?:WORD|WD)?|PWD|SECRET|TOKEN|KEY)$/.test(value) ||
    /([xX*.0])\1{7}/.test(value) ||
    /^[<[{(%$].*[>\]})%]?$/.test(value) ||
    /^(?:your|my|the|example|changeme|placeholder|redacted|none|null|true|false|undefined)(?:[-_]?[a-z]{1,12}){0,4}$/i.test(
      value,
    )
  );
}

/** Whether a value is too irregular for a word or a name: of two kinds of characters, with 3 bits in each of them. */
export function looksRandom(value: string): boolean {
  return (
    value.length >= 12 &&
    kindsOf(value) >= 2 &&
    /\d/.test(value) &&
    entropyOf(value) >= 3 &&
    !isPlaceholder(value)
  );
}

const passwordName =
  /pass|pwd|kennwort|contrasena|clave|senha|wachtwoord|haslo|losenord|sifre|parola|salasana/i;

/** Whether a value is a secret, given the name that it has: passwords are shorter than keys. */
export function looksSecret(name: string, value: string): boolean {
  if (isPlaceholder(value)) return false;
  if (!passwordName.test(name)) return value.length >= 16 && looksRandom(value);
  return value.length >= 6 && kindsOf(value) >= 2 && /[\d!@#$%^&*+=?~]/.test(value.slice(0, -1));
}

/** How many of small letters, capital letters, digits and signs a value has. */
function kindsOf(value: string): number {
  return [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z\d]/].filter((kind) => kind.test(value)).length;
}

/** Shannon entropy in bits a character. */
function entropyOf(value: string): number {
  const counts = new Map<string, number>();
  for (const sign of value) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  const shares = [...counts.values()].map((count) => count / value.length);
  return -shares.reduce((sum, share) => sum + share * Math.log2(share), 0);
}

/** Whether a token is a form to be filled in: `ghp_xxxxxxxxxxxx`. */
export function isFiller(token: string): boolean {
  return /([xX*.0])\1{9}/.test(token);
}
