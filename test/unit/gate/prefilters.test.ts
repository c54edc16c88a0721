import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodedTexts } from '../../../src/models/decoded-text.js';
import { longRuns, UnitClass } from '../../../src/models/long-runs.js';
import { plainText } from '../../../src/models/plain-text.js';
import { digitRuns } from '../../../src/lib/safety/digit-runs.js';
import { KeywordAutomaton } from '../../../src/lib/safety/keyword-automaton.js';
import { PersonalDataDetector } from '../../../src/lib/safety/personal-data-detector.js';
import { SecretDetector } from '../../../src/lib/safety/secret-detector.js';
import { assignment, assignmentsIn } from '../../../src/lib/safety/secrets/written-secrets.js';
import { detect } from './detection.js';

/* What looks at little of a text must find what one finds that looks at all of it. */

/** Texts in which what is looked for, its parts, and what is like it come often. */
function textOf(...parts: readonly string[]): fc.Arbitrary<string> {
  const part = fc.oneof(fc.constantFrom(...parts), fc.string({ unit: 'grapheme', maxLength: 3 }));
  return fc.array(part, { maxLength: 24 }).map((all) => all.join(''));
}

describe('The runs of digits', () => {
  it('are those that an expression finds', () => {
    fc.assert(
      fc.property(textOf('1', '23', ' ', 'a', '４'), (text) => {
        const expected = [...text.matchAll(/[0-9]+/g)].map(({ index, 0: run }) => [
          index,
          index + run.length,
        ]);
        expect(digitRuns(text).map(({ start, end }) => [start, end])).toEqual(expected);
      }),
    );
  });
});

describe('Long runs', () => {
  it('are those that an expression finds', () => {
    fc.assert(
      fc.property(textOf('abc', 'ab', 'c', ' ', 'é'), fc.integer({ min: 1, max: 6 }), (text, least) => {
        const expected = [...text.matchAll(new RegExp(`[a-c]{${least},}`, 'g'))];
        expect(longRuns(text, least, new UnitClass(/[a-c]/, false))).toEqual(
          expected.map(({ index, 0: run }) => ({ start: index, end: index + run.length })),
        );
      }),
    );
  });
});

describe('An automaton of many words', () => {
  it('finds in a text what is in it, wherever its states are kept', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'й'), minLength: 1, maxLength: 5 });
    const words = fc.uniqueArray(letters, { minLength: 1, maxLength: 12 });
    // So many that most states have no row of their own.
    const others = Array.from({ length: 4000 }, (_, nth) => String.fromCharCode(0x4e00 + nth).repeat(2));
    fc.assert(
      fc.property(words, textOf('a', 'b', 'c', 'й', '一', '-', '\0'), fc.boolean(), (few, text, many) => {
        const all = many ? [...others, ...few] : few;
        const units = Uint16Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
        const found: string[] = [];
        KeywordAutomaton.of(all).search(units, text.length, (word, length, last) => {
          expect(all[word]).toHaveLength(length);
          found.push(`${last} ${all[word]}`);
        });
        const expected = all.flatMap((word) =>
          Array.from({ length: text.length }, (_, last) => last)
            .filter((last) => last + 1 >= word.length && text.endsWith(word, last + 1))
            .map((last) => `${last} ${word}`),
        );
        expect(found.sort()).toEqual(expected.sort());
      }),
      { numRuns: 60 },
    );
  });
});

describe('Pairs of hexadecimal digits', () => {
  it('are decoded wherever they stand', () => {
    const pairs = ['70 61 73 73 77 6f 72 64', '0x70 0x61, 0x73 0x73 0x77 0x6f', '70:61:73:73:77:6f', '70,61'];
    const all = /\b[\dA-Fa-f]{2}(?:(?:[ :,]|, |,? ?0x)[\dA-Fa-f]{2}\b){5,}/g;
    fc.assert(
      fc.property(textOf(...pairs, ' ', 'g', 'x', '_', '7', ', '), (text) => {
        const decoded = [...decodedTexts(plainText(text))].map(({ plain }) => plain);
        for (const [found] of plainText(text).plain.matchAll(all)) {
          const bytes = Buffer.from(found.replace(/0x|[^\da-f]/gi, ''), 'hex').toString('latin1');
          if (/^[\x20-\x7e]+$/.test(bytes)) expect(decoded).toContain(bytes);
        }
      }),
    );
  });
});

describe('Values that are given to a secret’s name', () => {
  it('are those that one expression finds', () => {
    const all = new RegExp(assignment.source, 'gi');
    const parts = ['pass', 'PASSWORD', 'token', 'mot de passe', 'api key', 'shared access-key', 'credential'];
    const signs = [':', '=', ' is ', ' := ', '=>', ' IS: ', ' ', '"', "'", ',', 's', 'abc123', 'x7!zzzzzz'];
    fc.assert(
      fc.property(textOf(...parts, ...signs), (text) => {
        const { plain, folded } = plainText(text);
        const found = [...assignmentsIn({ plain, folded })];
        expect(found.map(({ index, 0: whole }) => [index, whole])).toEqual(
          [...plain.matchAll(all)].map(({ index, 0: whole }) => [index, whole]),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

/** One of each, as people write them. */
const written: readonly (readonly [type: string, text: string])[] = [
  ['PII/EMAIL', 'ann.lee@acme.example'],
  ['PII/EMAIL', 'ann.lee (at) acme.example'],
  ['PII/EMAIL', 'ann.lee at acme dot example'],
  ['PII/EMAIL', 'ann.lee at acme [dot] example'],
  ['PII/IBAN', 'GB82 WEST 1234 5698 7654 32'],
  ['PII/IBAN', 'DE89370400440532013000'],
  ['PII/PAYMENT_CARD', '4111 1111 1111 1111'],
  ['PII/US_SSN', '219-09-9999'],
  ['PII/PHONE', '+49 30 901820'],
  ['PII/PHONE', '(212) 736-5000'],
  ['PII/IP_ADDRESS', '81.2.69.142'],
  ['PII/IP_ADDRESS', '2a00:1450:4001:81b::200e'],
  ['PII/MAC_ADDRESS', '3c:22:fb:a1:0e:7d'],
  ['PII/MAC_ADDRESS', 'ac:bc:fb:ab:ee:fd'],
  ['PII/MAC_ADDRESS', 'AC-BC-FB-AB-EE-FD'],
  ['PII/CH_AHV', '756.9217.0769.85'],
  ['PII/DATE_OF_BIRTH', 'born on 12 March 1985'],
  ['PII/PASSPORT', 'passport no. C01X00T47'],
  ['PII/STREET_ADDRESS', 'My address is 12 Harbour Lane'],
  ['PII/STREET_ADDRESS', 'Livrez au 12 bis, rue de la Paix'],
  ['PII/STREET_ADDRESS', 'Vivo en Calle de Alcalá, nº 42'],
  ['PII/STREET_ADDRESS', 'Mieszkam: ul. Długa 5/7'],
  ['PII/STREET_ADDRESS', 'Ich wohne Lange Hauptstraße 12a'],
  ['PII/STREET_ADDRESS', 'Ich wohne Unter den Eichen 7'],
  ['PII/STREET_ADDRESS', 'Adres: Atatürk Caddesi No: 12'],
  ['PII/STREET_ADDRESS', 'Send it to P.O. Box 4711'],
  ['PII/STREET_ADDRESS', 'Her address is 4417 Sauna Polku 12'],
  ['PII/STREET_ADDRESS', 'They moved to 3 The Old Rectory'],
  ['PII/STREET_ADDRESS', 'The taxi to Calzada Larga Vieja 2210'],
  ['PII/STREET_ADDRESS', 'Kiskert 14 Suite 204'],
  ['PII/STREET_ADDRESS', 'Kastanienhof 3, Whg. 12'],
  ['PII/STREET_ADDRESS', 'Unit 3380 Box 52'],
  ['PII/CRYPTO_WALLET', '1BoatSLRHtKNngkdXEeobR76b53LETtpyT'],
  ['SECRET/AWS_ACCESS_KEY', ['AKIA', 'Z7VRSQ5TJN2XMPLK'].join('')],
  ['SECRET/PRIVATE_KEY', ['-----BEGIN', ' PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n'].join('')],
  ['SECRET/CONNECTION_STRING', 'postgres://app:q7Zk2Wd9Vr@db.acme.example/app'],
  ['SECRET/ASSIGNED_SECRET', 'password: q7Zk2Wd9Vr4X'],
];

describe('What is found in a text of its own', () => {
  it.each([...written, ['SECRET/CONNECTION_STRING', 'db://u:7@h']] as const)('%s: %s', async (type, text) => {
    const detectors = [new PersonalDataDetector(), new SecretDetector()];
    const found = (await Promise.all(detectors.map((detector) => detect(detector, text)))).flat();
    expect(found.map(({ detector }) => detector)).toContain(type);
  });
});

describe('What is found by itself', () => {
  it.each(written)('%s is found between any other text: %s', async (type, text) => {
    const detectors = [new PersonalDataDetector(), new SecretDetector()];
    const other = fc.oneof(fc.lorem({ maxCount: 12 }), fc.string({ unit: 'grapheme', maxLength: 60 }));
    await fc.assert(
      fc.asyncProperty(other, other, async (before, after) => {
        const output = `${before}\n\n${text}\n\n${after}`;
        const found = (await Promise.all(detectors.map((detector) => detect(detector, output)))).flat();
        expect(found.map(({ detector }) => detector)).toContain(type);
      }),
      { numRuns: 60 },
    );
  });
});
