import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { callersNetwork } from '../../../src/models/callers-network.js';

describe('the network of a caller', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::ffff:cb00:7109', '203.0.113.9'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8:0:0:ffff:ffff:ffff:ffff', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['fe80::1%eth0.100', 'fe80:0:0:0::/64'],
    ['fe80::1%br-lan:1', 'fe80:0:0:0::/64'],
    ['::ffff:203.0.113.9%eth0.100', '203.0.113.9'],
  ])('of %s is %s', (address, network) => {
    expect(callersNetwork(address)).toBe(network);
  });

  it('is the address itself in version 4', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(callersNetwork(address)).toBe(address);
        expect(callersNetwork(`::ffff:${address}`)).toBe(address);
      }),
    );
  });

  it('is had of every address in version 6', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        expect(callersNetwork(address)).toMatch(/^(([0-9a-f]{1,4}:){4}:\/64|\d+(\.\d+){3})$/);
      }),
    );
  });
});
