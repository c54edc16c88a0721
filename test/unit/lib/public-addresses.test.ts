import { describe, expect, it, jest } from '@jest/globals';
import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import {
  isPublicAddress,
  publicLookup,
  publicOnly,
} from '../../../src/lib/checkpoint-sinks/public-addresses.js';

describe('an address', () => {
  it.each(['1.1.1.1', '8.8.8.8', '172.15.255.255', '172.32.0.1', '223.255.255.255', '2606:4700::1111'])(
    '%s is one of the public Internet',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.168.1.1',
    '198.19.0.1',
    '203.0.113.9',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'ff02::1',
    '2001:db8::1',
    '2002:7f00:1::',
    'localhost',
    '',
  ])('%j is none', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('the resolver for outside addresses', () => {
  const resolved = (hostname: string, all: boolean) =>
    new Promise<{ error: NodeJS.ErrnoException | null; address: string | LookupAddress[] }>((resolve) => {
      publicLookup(hostname, { all }, (error, address) => resolve({ error, address }));
    });

  it.each([true, false])('refuses a name that stands for a private address (all: %s)', async (all) => {
    expect((await resolved('localhost', all)).error).toMatchObject({ code: 'EPRIVATE' });
  });

  it.each([true, false])('passes on an address that is public (all: %s)', async (all) => {
    const { error, address } = await resolved('1.1.1.1', all);
    expect(error).toBeNull();
    expect(address).toEqual(all ? [{ address: '1.1.1.1', family: 4 }] : '1.1.1.1');
  });

  it.each([
    ['a private one beside it', ['192.168.0.7']],
    ['an address of IPv4 that is mapped', ['::ffff:10.0.0.1']],
    ['an address of IPv4 that is translated (RFC 6052)', ['64:ff9b::7f00:1']],
    ['a link-local one', ['fe80::1']],
    ['this host', ['0.0.0.0', '::']],
  ])('refuses a name that stands for a public address and for %s', (_, others) => {
    const addresses = ['1.1.1.1', ...others].map((address) => ({ address, family: isIP(address) }));
    for (const answer of [addresses, addresses.toReversed()]) {
      for (const all of [true, false]) {
        const done = jest.fn<Parameters<LookupFunction>[2]>();
        publicOnly((_hostname, _options, found) => {
          found(null, answer);
        })('two.example', { all }, done);
        expect(done.mock.calls).toEqual([[expect.objectContaining({ code: 'EPRIVATE' }), [], 0]]);
      }
    }
  });

  it('asks once for a connection: what was looked at is what is connected to', () => {
    const answers = ['1.1.1.1', '127.0.0.1'];
    const done = jest.fn<Parameters<LookupFunction>[2]>();
    const lookup = publicOnly((_hostname, _options, found) => {
      found(null, [{ address: answers.shift() ?? '', family: 4 }]);
    });
    lookup('changing.example', {}, done);
    expect(done.mock.calls).toEqual([[null, '1.1.1.1', 4]]);
    lookup('changing.example', {}, done);
    expect(done.mock.calls[1]).toEqual([expect.objectContaining({ code: 'EPRIVATE' }), [], 0]);
  });

  it('passes on that a name stands for nothing', async () => {
    expect((await resolved('no.such.host.invalid', true)).error?.code).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
  });
});
