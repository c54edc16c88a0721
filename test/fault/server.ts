import 'reflect-metadata';
import { AppModule } from '../../src/app.module.js';
import { readConfig } from '../../src/config.js';
import { startServer } from '../../src/server.js';
import { armed, withFailpoints } from './failpoints.js';

// The server as `src/main.ts` starts it, with failpoints around its ports. The product has no word of them.
const passing = armed(process.env);
const stopped = new Promise<NodeJS.Signals>((resolve) => process.once('SIGTERM', resolve));
const server = await startServer(readConfig(process.env), (resources) =>
  withFailpoints(AppModule.on(resources), passing),
);
console.log(`Chimera serves ${server.url}`);
await stopped;
await server.stop();
process.exit(0);
