import type { LoggerService } from '@nestjs/common';

/** One JSON object a line on stderr; stdout is for the ready line alone. */
export class StderrLogger implements LoggerService {
  log(message: unknown, context?: string): void {
    // Nest tells of every route and module at start; only our own words are of use.
    if (context !== undefined && QUIET.has(context)) return;
    this.write('info', message, context);
  }

  warn(message: unknown, context?: string): void {
    this.write('warn', message, context);
  }

  error(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    this.write('error', message, typeof context === 'string' ? context : undefined);
  }

  line(fields: Record<string, unknown>): void {
    process.stderr.write(`${JSON.stringify(fields)}\n`);
  }

  private write(level: string, message: unknown, context?: string): void {
    const text = message instanceof Error ? (message.stack ?? message.message) : String(message);
    this.line({ time: new Date().toISOString(), level, context, message: text });
  }
}

const QUIET = new Set([
  'NestFactory',
  'InstanceLoader',
  'RouterExplorer',
  'RoutesResolver',
  'NestApplication',
]);
