import { flushCompileCache, setSourceMapsSupport } from 'node:module';
import 'reflect-metadata';
import type { Config } from './config.js';
import { BootError } from './models/boot-error.js';
import type { Server } from './server.js';

// Errors name the sources. The maps of packages stay unread: they would make a start a tenth longer.
setSourceMapsSupport(true, { nodeModules: false });
const { readConfig } = await import('./config.js');
const { startServer } = await import('./server.js');

/** Work in hand has this long to finish after the signal to stop, in milliseconds. */
const patienceMs = 9_000;

function announce({ url, madeAdminKey }: Server, { adminKey, swaggerUi }: Config): void {
  const lines = [
    '',
    `  Chimera serves ${url}`,
    ...(swaggerUi ? [`  Swagger UI     ${url}/docs`] : []),
    `  Health         ${url}/health/ready`,
    '',
    ...nextStep(url, madeAdminKey, adminKey),
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Says which key is the admin's, and a command that works as it stands. */
function nextStep(url: string, made: string | undefined, given: string | undefined): string[] {
  if (made !== undefined) {
    const shown = [`  Admin key      ${made}`, '                 It is shown this once. Keep it.'];
    return [...shown, '', ...firstTenant(url, made)];
  }
  if (given !== undefined) return firstTenant(url, '$CHIMERA_ADMIN_KEY');
  return [
    '  Admin key      was shown at the first start',
    '',
    '  See that it is ready:',
    '',
    `  curl -sS ${url}/health/ready`,
  ];
}

function firstTenant(url: string, key: string): string[] {
  return [
    '  Make your first tenant:',
    '',
    `  curl -sS ${url}/v1/tenants -H 'content-type: application/json' \\`,
    `    -H "authorization: Bearer ${key}" -d '{"tenantId":"t_acme","name":"Acme"}'`,
  ];
}

/** Resolves at the first signal to stop. Further ones change nothing: the drain is bounded by itself. */
function signalToStop(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.on('SIGINT', resolve);
    process.on('SIGTERM', resolve);
  });
}

async function stop(server: Server, signal: NodeJS.Signals): Promise<void> {
  const timer = setTimeout(() => {
    process.stderr.write(
      `Chimera did not stop within ${patienceMs} ms of ${signal}; giving up on what is left.\n`,
    );
    process.exit(1);
  }, patienceMs);
  await server.stop();
  clearTimeout(timer);
}

try {
  // Heard from the beginning: a signal during the start stops what was started, once it can be stopped.
  const signal = signalToStop();
  const config = readConfig(process.env);
  const server = await startServer(config);
  announce(server, config);
  // Now and not at the end, which a server that is killed does not see. Does nothing unless NODE_COMPILE_CACHE is set.
  flushCompileCache();
  await stop(server, await signal);
  process.exit(0);
} catch (error) {
  if (!(error instanceof BootError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
