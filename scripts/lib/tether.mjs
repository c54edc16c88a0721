import { Socket } from 'node:net';

/**
 * Loaded into the server before its own code. The launcher holds the other end of this pipe and never writes: when it
 * ends without having passed a signal on (it was killed), the server shuts down as if it had been asked to.
 */
const launcher = new Socket({ fd: 3, readable: true, writable: false });
launcher.once('close', () => {
  process.kill(process.pid, 'SIGTERM');
});
launcher.on('error', () => undefined);
launcher.resume();
launcher.unref();
