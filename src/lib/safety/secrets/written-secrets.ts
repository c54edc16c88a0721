import { longRuns, UnitClass } from '../../../models/long-runs.js';
import type { TextSegment } from '../../../models/output-text.js';
import type { SecretType } from '../../../models/policy.js';
import { isIntroducedBy, type ClaimOf } from '../claims.js';
import { matchAt } from '../digit-runs.js';
import { providerFormats } from './provider-formats.js';
import { isFiller, isPlaceholder, looksRandom, looksSecret } from './randomness.js';
import type { Marked, MarkedRun } from './token-marks.js';

/** A stretch of a segment's plain text that is a credential. */
export type SecretClaim = ClaimOf<SecretType>;

/** How far a private key's end is looked for. */
const longestKey = 16_384;

/** Private keys in PEM and PuTTY armour; the whole key where its end is there, else its beginning. */
export function* privateKeys({ plain }: TextSegment): Generator<SecretClaim> {
  let from = 0;
  const armour = /-----BEGIN [A-Z\d ]{0,24}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d:/g;
  for (const { index: start, 0: head } of plain.matchAll(armour)) {
    if (start < from) continue;
    const rest = plain.slice(start + head.length, start + longestKey);
    const tail = /^(?:[^-]|-(?!-----?(?:BEGIN|END)))*-----END [A-Z\d ]{0,24}PRIVATE KEY(?: BLOCK)?-----/.exec(
      rest,
    );
    from = start + head.length + (tail?.[0].length ?? 0);
    yield { type: 'PRIVATE_KEY', start, end: from };
  }
}

/** What says which formats are to be looked for, in the order of the numbers in the runs of {@link providerTokens}. */
export const providerMarks: readonly Marked[] = providerFormats.map(([, marks, format]) => ({
  marks: marks.split(' '),
  inAnyCase: format.ignoreCase,
}));

/** No token is shorter, and none has a space in it. */
export const shortestToken = 15;

/** Credentials that carry their issuer's mark, in the runs of a text that such marks stand in. */
export function providerTokens({ plain }: TextSegment, runs: readonly MarkedRun[]): SecretClaim[] {
  const claims: SecretClaim[] = [];
  for (const { start: from, end, may } of runs) {
    if (end - from < shortestToken) continue;
    const run = plain.slice(from, end);
    for (const [nth, [type, , format]] of providerFormats.entries()) {
      if (!may.has(nth)) continue;
      for (const { index, 0: token } of run.matchAll(format)) {
        const start = from + index;
        if (!isFiller(token)) claims.push({ type, start, end: start + token.length });
      }
    }
  }
  return claims.sort((one, other) => one.start - other.start);
}

/** Addresses of services with a password in them: `scheme://user:password@host` (RFC 3986, 3.2.1). */
export function* connectionStrings({ plain }: TextSegment): Generator<SecretClaim> {
  if (!plain.includes('://')) return;
  const addresses =
    /(?<![A-Za-z\d+.-])[A-Za-z][A-Za-z\d+.-]{1,30}:\/\/[^\s/:@]{0,100}:([^\s/@]{1,200})@[^\s"'<>]{1,255}/g;
  for (const { index: start, 0: address, 1: password = '' } of plain.matchAll(addresses)) {
    if (!isPlaceholder(password)) yield { type: 'CONNECTION_STRING', start, end: start + address.length };
  }
}

/** Values after `Bearer` and `Basic` (RFC 6750, RFC 7617). */
export function* bearerTokens({ plain }: TextSegment): Generator<SecretClaim> {
  if (!/(?<!\S)\S{12}/.test(plain)) return;
  for (const match of plain.matchAll(
    /(?<![A-Za-z\d])(?:bearer|basic)[ :]{1,3}([\w.~+/-]{12,4096}={0,2})/gi,
  )) {
    const [whole, token = ''] = match;
    const end = match.index + whole.length;
    if (looksRandom(token)) yield { type: 'BEARER_TOKEN', start: end - token.length, end };
  }
}

/** The forty characters of an AWS secret access key, where they are introduced as one. */
export function* awsSecretKeys(segment: TextSegment): Generator<SecretClaim> {
  const { plain } = segment;
  for (const { start, end } of longRuns(plain, awsKeyLength, base64)) {
    if (end - start !== awsKeyLength || plain.charAt(end) === '=') continue;
    if (!isIntroducedBy(/\baws|secret.?access.?key|secret.?key/, segment, start)) continue;
    if (looksRandom(plain.slice(start, end))) yield { type: 'AWS_SECRET_KEY', start, end };
  }
}

const awsKeyLength = 40;
const base64 = new UnitClass(/[A-Za-z\d/+]/, false);

const secretName =
  '(?:pass(?:word|wd|phrase|code|wort)?|pwd|kennwort|zugangscode|contrasena|clave|mot de passe|senha|wachtwoord|haslo|losenord|sifre|parola|salasana|secret|token|credentials?|(?:api|access|account|auth|client|encryption|master|private|secret|shared ?access|signing)[ _-]?key)';
/** A secret's name and a value that is given to it. */
export const assignment = new RegExp(
  `(${secretName})["'\`]?(?: ?(?::=|=>|[:=]) ?| is ?:? )["'\`]?([^\\s"'\`<>,;]{6,512})`,
  'iy',
);
/** What stands right before the sign that gives a value to a name, and how long it can be. */
const nameBefore = new RegExp(`${secretName}["'\`]? ?$`);
const longestName = 24;
/** What a command is given: `--token abc`, `-p abc`, `-u name:abc`. */
const options =
  /(?<!\S)(?:--?([a-z-]{0,20}(?:password|passwd|pwd|token|secret|key))[ =]|-(u) ?[\w.@-]{1,64}:)["']?([^\s"'`<>]{6,512})/gi;
const wholeName = new RegExp(`(?:^|[ _.-])${secretName}s?$`, 'i');

/** Each value that is given to a secret's name, in order: looked for at the signs that give, which are few. */
export function* assignmentsIn({
  plain,
  folded,
}: Pick<TextSegment, 'plain' | 'folded'>): Generator<RegExpExecArray> {
  let from = 0;
  for (const { index: sign } of folded.matchAll(/[:=]| is/g)) {
    const first = Math.max(from, sign - longestName);
    if (sign < from || !nameBefore.test(folded.slice(first, sign))) continue;
    const found = firstMatch(assignment, plain, first, sign);
    if (found === null) continue;
    yield found;
    from = found.index + found[0].length;
  }
}

/** Values that look like no word of a language and are given to something with a secret's name. */
export function* assignedSecrets(segment: TextSegment): Generator<SecretClaim> {
  const { plain, member } = segment;
  for (const match of assignmentsIn(segment)) {
    const [whole, name = '', value = ''] = match;
    const end = match.index + whole.length;
    if (looksSecret(name, value)) yield { type: 'ASSIGNED_SECRET', start: end - value.length, end };
  }
  for (const match of plain.matchAll(options)) {
    const [whole, name = 'password', , value = ''] = match;
    const end = match.index + whole.length;
    if (looksSecret(name, value)) yield { type: 'ASSIGNED_SECRET', start: end - value.length, end };
  }
  const name = member.replace(/([a-z])([A-Z])/g, '$1_$2');
  if (
    segment.place === 'STRING' &&
    wholeName.test(name) &&
    /^\S{6,512}$/.test(plain) &&
    looksSecret(name, plain)
  ) {
    yield { type: 'ASSIGNED_SECRET', start: 0, end: plain.length };
  }
}

/** The first match of an expression with the flag `y` that begins within a stretch. */
function firstMatch(expression: RegExp, text: string, start: number, end: number): RegExpExecArray | null {
  for (let index = start; index < end; index += 1) {
    const found = matchAt(expression, text, index);
    if (found !== null) return found;
  }
  return null;
}
