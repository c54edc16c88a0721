import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A Redis of a test's own, which keeps nothing on disk. */
export interface RedisServer {
  readonly url: string;
  /** Ends it as an operator would. */
  stop(): Promise<void>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
}

/**
 * Starts a Redis on 127.0.0.1, resolved once it takes connections.
 * @param port A port to come back on after a kill; a free one unless given.
 */
export async function startRedis(port?: number): Promise<RedisServer> {
  const chosenPort = port ?? (await freePort());
  const settings = ['--port', String(chosenPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', [...settings, '--databases', '4096'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  await new Promise<void>((resolve, reject) => {
    const output: string[] = [];
    child.once('error', reject);
    child.once('exit', (code) => {
      reject(new Error(`redis-server ended with ${String(code)}: ${output.join('')}`));
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.push(text);
      if (output.join('').includes('Ready to accept connections')) resolve();
    });
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return {
    url: `redis://127.0.0.1:${chosenPort}`,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

/** A TCP port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('The system gave no TCP port.');
  return address.port;
}
