import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from '../config.js';
import { BootError } from '../models/boot-error.js';

type Place = Pick<Config, 'port' | 'host'>;

/**
 * Looks before anything is started: a port that is taken is the commonest fault, and the cheapest to find.
 *
 * @throws BootError that names PORT or HOST
 */
export async function mustBeFree(place: Place): Promise<void> {
  const probe = createServer();
  try {
    await once(probe.listen(place.port, place.host), 'listening');
  } catch (error) {
    throw listenFault(error, place);
  }
  await once(probe.close(), 'close');
}

/** What the operating system says of a place that cannot be listened on, as its reader can mend it. */
export function listenFault(error: unknown, { port, host }: Place): unknown {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new BootError(`PORT ${port} is in use on ${host}: stop what uses it, or set PORT to another.`);
    case 'EACCES':
      return new BootError(`PORT ${port} may not be used by this user: set PORT to one above 1023.`);
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EAI_AGAIN':
    case 'EINVAL':
    case 'ENOTFOUND':
      return new BootError(`HOST ${host} is no address of this machine: set HOST to one that is.`);
    default:
      return error;
  }
}
