import { describe, expect, it } from '@jest/globals';
import { PersonalDataDetector } from '../../../src/lib/safety/personal-data-detector.js';
import { aPolicy, detect } from './detection.js';

const detector = new PersonalDataDetector();

async function found(text: string) {
  return (await detect(detector, text)).map((finding) => `${finding.detector} ${finding.text}`);
}

describe('numbers that states give to persons', () => {
  it.each([
    ['GB_NHS', 'NHS number ', '943 476 5919'],
    ['GB_NINO', '', 'AB 12 34 56 C'],
    ['DE_TAX_ID', 'Steuer-ID: ', '86095742719'],
    ['FR_NIR', '', '255081416802538'],
    ['ES_DNI', '', '12345678Z'],
    ['ES_DNI', '', 'X1234567L'],
    ['IT_FISCAL_CODE', '', 'RSSMRA85T10A562S'],
    ['NL_BSN', 'BSN ', '111222333'],
    ['PL_PESEL', 'PESEL ', '44051401359'],
    ['SE_PERSONAL_NUMBER', '', '811228-9874'],
    ['FI_HETU', '', '131052-308T'],
    ['BE_NATIONAL_NUMBER', '', '85.07.30-033.28'],
    ['PT_NIF', 'NIF ', '123456789'],
    ['BR_CPF', '', '529.982.247-25'],
    ['CA_SIN', 'SIN ', '130 692 544'],
    ['AU_TFN', 'TFN ', '123 456 782'],
    ['AU_MEDICARE', '', '2123 45670 1'],
    ['CN_RESIDENT_ID', '', '11010519491231002X'],
    ['TR_ID', 'TC kimlik no ', '10000000146'],
    ['CH_AHV', '', '756.9217.0769.85'],
    ['IE_PPS', 'PPS ', '1234567T'],
  ])('%s: %s%s', async (type, before, number) => {
    expect(await found(`${before}${number}, thanks`)).toEqual([`PII/${type} ${number}`]);
  });

  it.each([
    'Order 111222333',
    'ref 44051401359',
    '12345678A',
    '529.982.247-26',
    '756.9217.0769.86',
    'BSN 111222334',
  ])('are not found in %s', async (text) => {
    expect(await found(text)).toEqual([]);
  });

  it('have an action and a list of exempt values of their own', async () => {
    const PII = {
      action: 'HITL',
      types: { ES_DNI: { action: 'DENY', allow: ['12345678-Z'] }, FI_HETU: { action: 'OFF' } },
    } as const;
    const policy = aPolicy({ detectors: { PII, SECRET: { action: 'HITL' } } });
    expect(await detect(detector, '12345678Z 131052-308T', policy)).toEqual([]);
    expect(await detect(detector, 'X1234567L', policy)).toMatchObject([{ action: 'DENY' }]);
  });
});

describe('wallets', () => {
  it.each([
    '1BoatSLRHtKNngkdXEeobR76b53LETtpyT',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  ])('are found by their checksums: %s', async (wallet) => {
    expect(await found(`to ${wallet} please`)).toEqual([`PII/CRYPTO_WALLET ${wallet}`]);
  });

  it.each(['1BoatSLRHtKNngkdXEeobR76b53LETtpyU', '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed'])(
    'are not found in %s',
    async (text) => {
      expect(await found(text)).toEqual([]);
    },
  );
});
