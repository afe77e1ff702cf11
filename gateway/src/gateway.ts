import { once } from 'node:events';
import { createServer } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import cookieParser from 'cookie-parser';
import { AppModule } from './app.module.js';
import { Clock } from './clock.js';
import type { GatewayConfig } from './config.js';
import { Readiness } from './health/readiness.js';
import { StderrLogger } from './health/stderr-logger.js';
import { consoleMiddleware } from './http/console.js';
import { serveOpenApi } from './http/openapi.js';
import { refuseUnreadable } from './http/readable-request.js';
import { requestMiddleware } from './http/request.middleware.js';
import { Bootstrap } from './organizations/bootstrap.js';
import { openOrganizations } from './organizations/open-organizations.js';

export interface RunningGateway {
  /** `http://127.0.0.1:<port>` */
  url: string;
  close(): Promise<void>;
  /** Resolves when the gateway can no longer work and must be started again; the message says why. */
  readonly lost: Promise<Error>;
}

const HOST = '127.0.0.1';
const BODY_LIMIT = '8mb';
/** Served at the root too, as orchestrators expect them. */
const OPERATIONAL = /^\/(?:health\/(?:live|ready)|metrics)$/;

/**
 * Serves the organisations of the configuration on 127.0.0.1; resolves when they are on the ledger and requests are
 * taken. @throws Error with one clear line
 */
export const startGateway = async (config: GatewayConfig): Promise<RunningGateway> => {
  await requireFreePort(config.port);
  const clock = new Clock(config.clockFile);
  const logger = new StderrLogger();
  const { registry, close, lost } = await openOrganizations(config, clock);
  let app: NestExpressApplication | undefined;
  try {
    app = await NestFactory.create<NestExpressApplication>(
      AppModule.with({
        organizations: registry,
        clock,
        rateLimit: config.rateLimit,
        auditEveryDays: config.auditEveryDays,
      }),
      { logger, bodyParser: false, rawBody: true, abortOnError: false },
    );
    app.setGlobalPrefix('api/v1');
    app.disable('x-powered-by');
    app.set('etag', false);
    app.use((request: { url: string }, _response: unknown, next: () => void) => {
      if (OPERATIONAL.test(request.url)) request.url = `/api/v1${request.url}`;
      next();
    });
    app.use(requestMiddleware((line) => logger.line(line)));
    app.use(consoleMiddleware());
    app.useBodyParser('json', { limit: BODY_LIMIT, strict: true });
    app.use(refuseUnreadable);
    app.use(cookieParser());
    serveOpenApi(app);
    await app.init();
    await app.get(Bootstrap).run(config);
    app.get(Readiness).done('start');
    await app.listen(config.port, HOST);
    const { port } = app.getHttpServer().address() as { port: number };
    const running = app;
    return {
      url: `http://${HOST}:${port}`,
      lost,
      close: async () => {
        running.getHttpServer().closeAllConnections();
        await running.close();
        await close();
      },
    };
  } catch (error) {
    await app?.close().catch(() => undefined);
    await close().catch(() => undefined);
    throw portProblem(error, config.port);
  }
};

/** Told at once, not after everything else has been opened. */
const requireFreePort = async (port: number): Promise<void> => {
  const probe = createServer();
  try {
    probe.listen(port, HOST);
    await once(probe, 'listening');
    probe.close();
    await once(probe, 'close');
  } catch (error) {
    throw portProblem(error, port);
  }
};

const portProblem = (error: unknown, port: number): unknown =>
  (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    ? new Error(`port ${port} is in use: stop the process that has it or choose another port.`, {
        cause: error,
      })
    : error;
