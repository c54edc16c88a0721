import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, Server as HttpServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { uuidv7 } from 'uuidv7';
import { guardRoutes } from './api/access-guard.js';
import { takeOnlyWhatIsDescribed } from './api/described-only.js';
import { Admission } from './api/admission.js';
import { answerClientError, answerUnreadableAddress } from './api/early-errors.js';
import { admittingServer } from './api/http-server.js';
import { acceptJsonBodies } from './api/json-body.js';
import { backlog, sharesPorts } from './api/many-listeners.js';
import { describeApi, serveDocs } from './api/openapi.js';
import { logRequests } from './api/request-log.js';
import { allowOrigins, setSecurityHeaders } from './api/security-headers.js';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { listenFault, mustBeFree } from './modules/listening.js';
import { closeResources, openResources } from './modules/open-resources.js';
import type { Resources } from './modules/resources.js';
import { Readiness } from './services/readiness.js';
import { Waiters } from './services/waiters.js';

/** A Chimera that serves. */
export interface Server {
  readonly url: string;
  /** The admin's key, when this start has made it. */
  readonly madeAdminKey: string | undefined;
  /** Finishes what is in hand, then closes everything that was opened. */
  readonly stop: () => Promise<void>;
}

const packageJson = JSON.parse(readFileSync(new URL(import.meta.resolve('#package.json')), 'utf8')) as {
  version: string;
};

/** Puts the application together on what it runs on. */
export type Assembly = (resources: Resources) => DynamicModule;

/**
 * @param assemble The application as it is, unless given: whoever starts it may bind ports to something else.
 * @throws BootError when something that it needs cannot be had, with the setting that names it
 */
export async function startServer(
  config: Config,
  assemble: Assembly = (resources) => AppModule.on(resources),
): Promise<Server> {
  const { resources, madeAdminKey, stopDatabase } = await openResources(config);
  const closeAll = async () => {
    await closeResources(resources);
    await stopDatabase();
  };
  try {
    const app = await createApp(resources, assemble(resources));
    await listen(app, config);
    if (!resources.payloadSeal.encrypts) {
      const logger = app.get(Logger);
      logger.warn(
        'Payloads are written to the database as they are: set CHIMERA_PAYLOAD_KEYS to encrypt them.',
      );
    }
    return {
      url: urlOf(app, config),
      madeAdminKey,
      stop: async () => {
        app.get(Readiness).drain();
        app.get(Waiters).drain();
        await app.close();
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** The application on its resources, described and not yet listening. */
export async function createApp(
  resources: Resources,
  application: DynamicModule = AppModule.on(resources),
): Promise<NestFastifyApplication> {
  const entrance: { admission?: Admission } = {};
  const adapter = new FastifyAdapter({
    serverFactory: (handle: RequestListener) => admittingServer(handle, () => entrance.admission),
    genReqId: (request: IncomingMessage) => requestIdOf(request.headers['x-request-id']),
    // Node refuses longer ones; what no id looks like, routes answer themselves.
    routerOptions: { maxParamLength: 16_384 },
    forceCloseConnections: 'idle',
    // Nothing here is Express middleware, and each request would pass through its engine.
    skipMiddie: true,
    ...(resources.config.trustedProxies.length > 0 && { trustProxy: [...resources.config.trustedProxies] }),
    frameworkErrors: answerUnreadableAddress,
    clientErrorHandler: answerClientError,
  });
  const app = await NestFactory.create<NestFastifyApplication>(application, adapter, {
    bufferLogs: true,
    abortOnError: false,
    bodyParser: false,
  });
  entrance.admission = app.get(Admission);
  app.useLogger(app.get(Logger));
  acceptJsonBodies(app);
  logRequests(app);
  letConnectionsGo(app);
  await setSecurityHeaders(app);
  await allowOrigins(app, resources.config.corsOrigins);
  const description = describeApi(app, packageJson.version);
  guardRoutes(app, description);
  takeOnlyWhatIsDescribed(app, description);
  serveDocs(app, description, resources.config.swaggerUi);
  return app;
}

/** While draining, each answer ends its connection: kept alive by a proxy, it would outlast the server's patience. */
function letConnectionsGo(app: NestFastifyApplication): void {
  const readiness = app.get(Readiness);
  const silent = silentConnections(app.getHttpServer());
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onSend', (_request, reply, _payload, done) => {
      if (readiness.draining) void reply.header('connection', 'close');
      done();
    })
    .addHook('preClose', (done) => {
      silent.end();
      done();
    });
}

/**
 * Connections that have not sent a request. Clients open them in advance, and Node counts them as busy when it closes the
 * idle ones, so they would keep the server from stopping.
 */
function silentConnections(server: HttpServer): { end(): void } {
  const silent = new Set<Socket>();
  let ending = false;
  server.on('connection', (socket) => {
    if (ending) socket.destroy();
    else silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', ({ socket }) => silent.delete(socket));
  return {
    end() {
      ending = true;
      for (const socket of silent) socket.destroy();
    },
  };
}

/** The caller's own id when it is a sane one: it ends up in logs and headers. */
function requestIdOf(sent: string | string[] | undefined): string {
  return typeof sent === 'string' && /^[A-Za-z0-9._:-]{1,128}$/.test(sent) ? sent : uuidv7();
}

async function listen(app: NestFastifyApplication, config: Config): Promise<void> {
  const { port, host } = config;
  const place = { port, host, backlog, reusePort: sharesPorts };
  try {
    // Another process that shares its port would share this one's as well, and nobody would be told.
    if (port !== 0) await mustBeFree(config);
    await app.listen(place);
  } catch (error) {
    await app.close();
    throw listenFault(error, config);
  }
}

function urlOf(app: NestFastifyApplication, { host }: Config): string {
  const address: AddressInfo | string | null = app.getHttpServer().address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const everywhere = host === '0.0.0.0' || host === '::' || host === '127.0.0.1';
  const name = host.includes(':') ? `[${host}]` : host;
  return `http://${everywhere ? 'localhost' : name}:${port}`;
}
