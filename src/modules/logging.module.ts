import { type DynamicModule, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { loggedError } from './logged-error.js';
import type { Resources } from './resources.js';

/** What the framework says of every route and module at each start. */
const chatter: ReadonlySet<unknown> = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** pino's level `info`. */
const info = 30;

/** One JSON line an event; in colours, for people, where the output is a terminal. */
@Module({})
export class LoggingModule {
  static on({ config }: Resources): DynamicModule {
    const pretty = process.stdout.isTTY && process.env['NODE_ENV'] !== 'production';
    const logger = LoggerModule.forRoot({
      // Requests have their context from the request log.
      forRoutes: [],
      pinoHttp: {
        level: config.logLevel,
        // The one line a request is written when it has been answered, by the request log.
        autoLogging: false,
        quietReqLogger: true,
        wrapSerializers: false,
        serializers: { err: (error: unknown) => loggedError(error) },
        customAttributeKeys: { reqId: 'requestId' },
        hooks: {
          logMethod(args, method, level) {
            const [bindings] = args;
            const said = Object(bindings) as { context?: unknown };
            if (level > info || !chatter.has(said.context)) method.apply(this, args);
          },
        },
        redact: [
          'req.headers.authorization',
          'headers.authorization',
          '*.authorization',
          '*.password',
          '*.key',
        ],
        ...(pretty && {
          transport: { target: 'pino-pretty', options: { singleLine: true, ignore: 'pid,hostname' } },
        }),
      },
    });
    return { module: LoggingModule, imports: [logger], exports: [logger] };
  }
}
