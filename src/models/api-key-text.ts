import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** By this, people and scanners see whose key has leaked. */
const prefix = 'chimera_';

/** So many characters of 62 hold 256 bits. */
const randomLength = 43;

/** So many hold a CRC-32. */
const checksumLength = 6;

/** A key as it is made now: the prefix, 256 random bits, and the checksum of both. */
const present = new RegExp(`^${prefix}[0-9A-Za-z]{${randomLength + checksumLength}}$`);

/** A key as it was made before keys had checksums: the prefix and 256 random bits in base64url. */
const former = new RegExp(`^${prefix}[0-9A-Za-z_-]{43}$`);

/** A new key. Who finds one can tell it from a text that only looks like one, without asking anybody: see `couldBeApiKey`. */
export function newApiKeyText(): string {
  const random = Array.from({ length: randomLength }, () => alphabet.charAt(randomInt(alphabet.length)));
  const body = prefix + random.join('');
  return body + checksumOf(body);
}

/** Whether a key with this text can have been made: of the present form with its checksum right, or of the former. */
export function couldBeApiKey(text: string): boolean {
  if (!present.test(text)) return former.test(text);
  const body = text.slice(0, -checksumLength);
  return text === body + checksumOf(body);
}

/** CRC-32 (ISO 3309) of the text, in base 62, the highest digit first. */
function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let place = 0; place < checksumLength; place += 1) {
    digits = alphabet.charAt(rest % alphabet.length) + digits;
    rest = Math.floor(rest / alphabet.length);
  }
  return digits;
}
