import { createHash } from 'node:crypto';
import { longRuns, UnitClass } from '../../../models/long-runs.js';
import type { ClaimFinder } from './claim.js';
import { keccak256 } from './keccak.js';

const form =
  /^(?:0x[\dA-Fa-f]{40}|(?:bc1|tb1|ltc1|BC1|LTC1)[\dA-Za-z]{11,87}|addr1[\da-z]{50,100}|[13LMDTX][1-9A-HJ-NP-Za-km-z]{25,34})$/;
const shortest = 14;
const lettersAndDigits = new UnitClass(/[A-Za-z\d]/, false);

/** How many checksums are worked out in one text; beyond that, what looks like a wallet is taken for one. */
const mostChecked = 500;

/**
 * Wallets by their checksums: Base58Check (Bitcoin, Litecoin, Dogecoin, Dash, Tron), Bech32 and Bech32m (BIP-173,
 * BIP-350), and the capitals of an Ethereum address (EIP-55), which one in small letters does not have.
 */
export const cryptoWallets: ClaimFinder = function* ({ plain }) {
  let checked = 0;
  for (const { start, end } of longRuns(plain, shortest, lettersAndDigits)) {
    const address = plain.slice(start, end);
    if (!form.test(address)) continue;
    checked += 1;
    if (checked <= mostChecked && !isWallet(address)) continue;
    yield { type: 'CRYPTO_WALLET', start, end };
  }
};

function isWallet(address: string): boolean {
  if (address.startsWith('0x')) return isEthereum(address.slice(2));
  if (/^(?:bc1|tb1|ltc1|addr1)/i.test(address)) return isBech32(address);
  return isBase58Check(address);
}

function isEthereum(digits: string): boolean {
  if (/^(.)\1*$/.test(digits)) return false;
  if (digits === digits.toLowerCase() || digits === digits.toUpperCase())
    return /\d/.test(digits) && /[a-f]/i.test(digits);
  const hash = keccak256(Buffer.from(digits.toLowerCase(), 'latin1')).toString('hex');
  return [...digits].every((digit, index) => /\d/.test(digit) || hash.charAt(index) >= '8' === digit < 'a');
}

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const versions = new Set([0x00, 0x05, 0x1e, 0x16, 0x30, 0x32, 0x41, 0x4c, 0x10]);

function isBase58Check(address: string): boolean {
  const number = [...address].reduce((sum, sign) => sum * 58n + BigInt(base58.indexOf(sign)), 0n);
  const bytes = Buffer.from(number.toString(16).padStart(50, '0'), 'hex');
  if (bytes.length !== 25 || !versions.has(bytes[0] ?? 0xff)) return false;
  return sha256(sha256(bytes.subarray(0, 21)))
    .subarray(0, 4)
    .equals(bytes.subarray(21));
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

const bech32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

function isBech32(address: string): boolean {
  if (address !== address.toLowerCase() && address !== address.toUpperCase()) return false;
  const written = address.toLowerCase();
  const split = written.lastIndexOf('1');
  const prefix = [...written.slice(0, split)].map((sign) => sign.charCodeAt(0));
  const data = [...written.slice(split + 1)].map((sign) => bech32.indexOf(sign));
  if (data.includes(-1)) return false;
  let check = 1;
  for (const value of [...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...data]) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    generator.forEach((part, bit) => {
      if ((top >> bit) & 1) check ^= part;
    });
  }
  return check === 1 || check === 0x2bc830a3;
}
