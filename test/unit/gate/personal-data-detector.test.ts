import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PersonalDataDetector } from '../../../src/lib/safety/personal-data-detector.js';
import type { DataRule, PersonalDataType } from '../../../src/models/policy.js';
import { aPolicy, detect } from './detection.js';

const detector = new PersonalDataDetector();

async function found(output: string): Promise<string[]> {
  return (await detect(detector, output)).map(({ detector: name, text }) => `${name.slice(4)} ${text}`);
}

function withRule(rule: Partial<DataRule<PersonalDataType>>): ReturnType<typeof aPolicy> {
  const { detectors } = aPolicy();
  return aPolicy({ detectors: { ...detectors, PII: { ...detectors.PII, ...rule } } });
}

describe('payment cards', () => {
  it.each([
    '4111111111111111',
    '4111 1111 1111 1111',
    '4111-1111-1111-1111',
    '4111.1111.1111.1111',
    '4111 - 1111 - 1111 - 1111',
    '4222222222222',
    '5555555555554444',
    '2223003122003222',
    '378282246310005',
    '3782 822463 10005',
    '6011111111111117',
    '3530111333300000',
    '30569309025904',
    '6200000000000005',
    '４１１１１１１１１１１１１１１１',
    '٤١١١١١١١١١١١١١١١',
    '4111\u200b1111\u200b1111\u200b1111',
    '4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1',
  ])('are found as %s', async (card) => {
    expect(await found(`card: ${card}, thanks`)).toEqual([`PAYMENT_CARD ${card}`]);
  });

  it.each([
    ['a wrong check digit', '4111111111111112'],
    ['no issuer', '7111111111111114'],
    ['a length that the issuer does not have', '41111111111111'],
    ['part of a longer number', '41111111111111110000'],
    ['part of an identifier', 'a4111111111111111f'],
    ['the decimals of a number', '0.4111111111111111'],
    ['scattered digits', '41 1 11 1111 11 11111'],
  ])('are not seen in %s', async (_, text) => {
    expect((await found(text)).filter((hit) => hit.startsWith('PAYMENT_CARD'))).toEqual([]);
  });

  it('are left alone as test cards only where they are published as such', async () => {
    expect(await found('Pay with the test card 4242 4242 4242 4242.')).toEqual([]);
    expect(await found('Pay with my card 4242 4242 4242 4242.')).toEqual([
      'PAYMENT_CARD 4242 4242 4242 4242',
    ]);
    expect(await found('Pay with the test card 4539578763621486.')).toEqual([
      'PAYMENT_CARD 4539578763621486',
    ]);
  });

  it('are found as JSON numbers', async () => {
    expect(await detect(detector, { n: 4111111111111111 })).toMatchObject([
      { detector: 'PII/PAYMENT_CARD', pointer: '/n', text: '4111111111111111' },
    ]);
  });
});

describe('account numbers', () => {
  it.each([
    'GB82WEST12345698765432',
    'GB82 WEST 1234 5698 7654 32',
    'DE89 3704 0044 0532 0130 00',
    'DE89-3704-0044-0532-0130-00',
    'nl91abna0417164300',
    'FR14 2004 1010 0505 0001 3M02 606',
    'NO93 8601 1117 947',
  ])('are found as %s', async (iban) => {
    expect(await found(`to ${iban}.`)).toEqual([`IBAN ${iban}`]);
  });

  it.each([
    'GB82WEST12345698765433',
    'GB82 WEST 1234',
    'XX82WEST12345698765432',
    'GB82WEST123456987654321',
    'GB82, WEST',
  ])('are not seen in %s', async (text) => {
    expect((await found(text)).filter((hit) => hit.startsWith('IBAN'))).toEqual([]);
  });
});

describe('social security numbers', () => {
  it.each([
    '123-45-6789',
    '123 45 6789',
    '123.45.6789',
    '123 - 45 - 6789',
    '123–45–6789',
    '１２３-４５-６７８９',
  ])('are found as %s', async (ssn) => {
    expect(await found(`It is ${ssn}.`)).toEqual([`US_SSN ${ssn}`]);
  });

  it.each([
    '000-45-6789',
    '666-45-6789',
    '900-45-6789',
    '123-00-6789',
    '123-45-0000',
    '123-45.6789',
    '1123-45-6789',
    '123456789',
  ])('are not seen in %s', async (text) => {
    expect((await found(`It is ${text}.`)).filter((hit) => hit.startsWith('US_SSN'))).toEqual([]);
  });

  it('are found as nine digits where they are introduced', async () => {
    expect(await found('SSN: 123456789')).toEqual(['US_SSN 123456789']);
    expect(await detect(detector, { customerSsn: 123456789 })).toMatchObject([{ detector: 'PII/US_SSN' }]);
    expect(await detect(detector, { social_security: '123456789' })).toMatchObject([
      { detector: 'PII/US_SSN' },
    ]);
  });
});

describe('e-mail addresses', () => {
  it.each([
    'ann@example.org',
    'Ann.Lee+news@mail.example.co.uk',
    'ann@EXAMPLE.ORG',
    'jürgen@müller.example',
    'ann＠example．org',
    'ann(at)example.org',
    'ann [at] example.org',
    'ann%40example.org',
    'аnn@exаmple.org',
    "o'neil@example.org",
  ])('are found as %s', async (email) => {
    expect(await found(`Write to ${email}.`)).toEqual([`EMAIL ${email}`]);
  });

  it.each([
    'ann@localhost',
    '@example.org',
    'ann@',
    'a @ b',
    '@nestjs/common@12.0.1',
    'git@example.org:a/b.git',
    'x@y..z',
    'look (at) this',
  ])('are not seen in %s', async (text) => {
    expect(await found(text)).toEqual([]);
  });
});

describe('telephone numbers', () => {
  it.each([
    '+1 202 555 0143',
    '+12025550143',
    '+44 20 7946 0958',
    '+49 (0)30 901820',
    '0044 20 7946 0958',
    '(202) 555-0143',
    '202-555-0143',
    '202.555.0143',
    '1-202-555-0143',
    '020 7946 0958',
    '+１ ２０２ ５５５ ０１４３',
    '202-555-0143 x12',
  ])('are found as %s', async (phone) => {
    expect(await found(`Ask ${phone}!`)).toEqual([`PHONE ${phone}`]);
  });

  it.each(['2025550143', '06 12 34 56 78', '030 901820'])(
    'are found as %s where they are introduced',
    async (phone) => {
      expect(await found(`my phone is ${phone}.`)).toEqual([`PHONE ${phone}`]);
      expect(await detect(detector, { mobilePhone: phone })).toHaveLength(1);
    },
  );

  it.each([
    '2025550143',
    '2026-01-15',
    '01.02.2026',
    '15/01/2026 10:30',
    '000-000-0000',
    '12 345 678',
    '3.14159265358',
    '$202 555 0143',
    'order 1002003004',
  ])('are not seen in %s', async (text) => {
    expect(await found(`It is ${text}.`)).toEqual([]);
  });

  it('that run on are told apart', async () => {
    expect(await found('call 202-555-0143 202')).toEqual(['PHONE 202-555-0143']);
  });

  it('are taken for granted where there are too many to look up', async () => {
    const many = 'call 999 9999 '.repeat(600);
    expect((await found(many)).length).toBeGreaterThan(0);
  });
});

describe('network addresses', () => {
  it.each(['203.0.113.7', '10.1.2.3', '2001:db8::1', 'fe80::1ff:fe23:4567:890a', '2001:db8:0:0:0:0:2:1'])(
    'are found as %s',
    async (address) => {
      expect(await found(`from ${address}, twice`)).toEqual([`IP_ADDRESS ${address}`]);
      expect(await found(`ip:${address}`)).toEqual([`IP_ADDRESS ${address}`]);
    },
  );

  it.each([
    '127.0.0.1',
    '0.0.0.0',
    '255.255.255.0',
    '::1',
    '::',
    '256.1.1.1',
    '1.2.3',
    '1.2.3.4.5',
    'v1.2.3.4',
    'version 1.2.3.4',
    '12:34:56',
    'std::abc',
    'a::b',
    'dead::beefg1',
    'Version=4.0.0.0, Culture=neutral',
    'versions 1.2.3.4, 1.2.3.5 and 1.2.3.6',
    'an upgrade; we upgraded it from 2.4.1.0 to 2.4.1.1',
    'driver-9.18.13.2.jar',
    'foo==1.2.3.4',
    'step 1.2.3.4',
  ])('are not seen in %s', async (text) => {
    expect(await found(`from ${text} on`)).toEqual([]);
  });

  it('of devices are found', async () => {
    expect(await found('at 00:1A:2b:3C:4d:5E and 01-23-45-67-89-ab')).toEqual([
      'MAC_ADDRESS 00:1A:2b:3C:4d:5E',
      'MAC_ADDRESS 01-23-45-67-89-ab',
    ]);
    expect(await found('MAC:00:1A:2b:3C:4d:5E')).toEqual(['MAC_ADDRESS 00:1A:2b:3C:4d:5E']);
    expect(await found('00:00:00:00:00:00 ff:ff:ff:ff:ff:ff 01:23-45:67:89:ab 01:23:45:67:89')).toEqual([]);
  });

  it.each([':', '-'])('of devices are not seen in a fingerprint with %s', async (sign) => {
    const pairs = fc.array(fc.stringMatching(/^[0-9a-f]{2}$/), { minLength: 7, maxLength: 32 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('', 'MD5:', 'Fingerprint='), pairs, async (name, bytes) => {
        const hits = await found(`${name}${bytes.join(sign)}`);
        expect(hits.filter((hit) => hit.startsWith('MAC_ADDRESS'))).toEqual([]);
      }),
    );
  });
});

describe('the policy on personal data', () => {
  const output = 'ann@example.org and 4111 1111 1111 1111';

  it('can switch all of it off, or deny it', async () => {
    expect(await detect(detector, output, withRule({ action: 'OFF' }))).toEqual([]);
    expect(await detect(detector, output, withRule({ action: 'DENY' }))).toMatchObject([
      { action: 'DENY' },
      { action: 'DENY' },
    ]);
  });

  it('can say something else about one type', async () => {
    const types = { EMAIL: { action: 'OFF' }, PAYMENT_CARD: { action: 'DENY' } } as const;
    expect(await detect(detector, output, withRule({ types }))).toMatchObject([
      { detector: 'PII/PAYMENT_CARD', action: 'DENY' },
    ]);
  });

  it('exempts exact values, however they are written', async () => {
    const policy = withRule({ allow: ['ANN@example.org', '4111-1111-1111-1111', '203.0.113.7'] });
    expect(await detect(detector, `${output} ann(at)example.org 203.0.113.7`, policy)).toEqual([]);
    expect(await detect(detector, 'joann@example.org 8.8.4.4', policy)).toHaveLength(2);
    expect(await detect(detector, 'a-nn@example.org', policy)).toHaveLength(1);
  });

  it('does not take a card that is switched off for a telephone number', async () => {
    const policy = withRule({ types: { PAYMENT_CARD: { action: 'OFF' } } });
    expect(await detect(detector, 'call 4111 1111 1111 1111', policy)).toEqual([]);
  });
});
