import { describe, expect, it } from '@jest/globals';
import { PersonalDataDetector } from '../../../src/lib/safety/personal-data-detector.js';
import { detect, namesOf } from './detection.js';

const detector = new PersonalDataDetector();
const found = 'PII/STREET_ADDRESS';

describe('street addresses', () => {
  it.each([
    'Her address is 4417 Sauna Polku 12.',
    'Please send it to PSC 4120, Box 771, APO AE 09021.',
    'Unit 3380 Box 52',
    'Meet me at 218 Tulip Orchard 7 at noon.',
    'He lives on the north side of Calzada Larga 2210.',
    'They moved to 3 The Old Rectory in spring.',
    '1604 Kastanienhof 3\n Suite 12',
    '> 77 Fjordbakken 9\n> Apt. 31\n> Moss',
    'We are at Kiskert 14 Suite 204',
    'The taxi to 640 Foxglove Hollow is late.',
  ])('are known by what stands around them: %j', async (output) => {
    expect(await namesOf(detector, output)).toEqual([found]);
  });

  it.each([
    'The parcel arrived at Terminal 2 at 9:40.',
    'The request was sent to 12 servers and 3 failed.',
    'The message was sent to 250 customers on 4 May 2026.',
    'We shipped to Berlin on 12 June 2026.',
    'Meet us at Booth 214, Hall 7.',
    'Suite 4 of the test run took 12 minutes.',
    'The ward has 12 rooms on 3 floors.',
  ])('are no other places and counts: %j', async (output) => {
    expect(await namesOf(detector, output)).toEqual([]);
  });

  it('reach from the number to the code, and are one where two rules find them', async () => {
    const output = 'My address is 12 Harbour Lane, Apt 4, Bristol BS1 4ST, thank you';
    expect(await detect(detector, output)).toMatchObject([
      { detector: found, text: '12 Harbour Lane, Apt 4, Bristol BS1 4ST' },
    ]);
  });
});
