import 'reflect-metadata';
import { readConfig } from './config.js';
import { BootError } from './models/boot-error.js';
import { type Server, startServer } from './server.js';

/** Work in hand has this long to finish after the signal to stop, in milliseconds. */
const patienceMs = 9_000;

function announce({ url, madeAdminKey }: Server): void {
  const key = madeAdminKey ?? '$CHIMERA_ADMIN_KEY';
  const lines = [
    '',
    `  Chimera serves ${url}`,
    `  Swagger UI     ${url}/docs`,
    `  Health         ${url}/health/ready`,
    ...(madeAdminKey === undefined
      ? []
      : ['', `  Admin key      ${madeAdminKey}`, '                 It is shown this once. Keep it.']),
    '',
    '  Make your first tenant:',
    '',
    `  curl -sS ${url}/v1/tenants -H 'content-type: application/json' \\`,
    `    -H "authorization: Bearer ${key}" -d '{"tenantId":"t_acme","name":"Acme"}'`,
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
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
  const server = await startServer(readConfig(process.env));
  announce(server);
  await stop(server, await signal);
  process.exit(0);
} catch (error) {
  if (!(error instanceof BootError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
