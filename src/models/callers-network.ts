import ipaddr from 'ipaddr.js';

/** Of an IPv6 address, so many of the eight groups are the network's; the others whoever is on it chooses (RFC 4291, section 2.5.1). */
const networkGroups = 4;

/**
 * What an address counts as: an IPv4 address as itself, however it is written (RFC 4291, section 2.5.5.2), and an IPv6 address as
 * its /64, of which one machine has every address. The zone of a link-local address (RFC 4007, section 11) says by which of our
 * interfaces it came, in characters of the system's choice, and does not count.
 *
 * @param address a text for which `net.isIP` is not 0
 */
export function callersNetwork(address: string): string {
  const parsed = ipaddr.process(address.replace(/%.*/s, ''));
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const groups = parsed.parts.slice(0, networkGroups).map((group) => group.toString(16));
  return `${groups.join(':')}::/64`;
}
