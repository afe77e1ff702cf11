import {
  Injectable,
  Logger,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { mergeMap, type Observable } from 'rxjs';
import { OrganizationRegistry } from '../organizations/organization.js';
import { currentRequest } from './request-context.js';

/** An answer to a write waits until the read model shows it, so that the caller's next read does too. */
@Injectable()
export class ReadYourWritesInterceptor implements NestInterceptor {
  private readonly logger = new Logger(ReadYourWritesInterceptor.name);

  constructor(private readonly organizations: OrganizationRegistry) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      mergeMap(async (answer: unknown) => {
        await this.settled();
        return answer;
      }),
    );
  }

  private async settled(): Promise<void> {
    for (const [mspId, blockNumber] of currentRequest()?.committed ?? []) {
      try {
        await this.organizations.get(mspId)?.projection.reached(blockNumber);
      } catch (error) {
        // The write is committed all the same: a late read model must not turn it into a failure.
        this.logger.warn(
          `Read model of ${mspId} is behind block ${blockNumber}: ${(error as Error).message}`,
        );
      }
    }
  }
}
