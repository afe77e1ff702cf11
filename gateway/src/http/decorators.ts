import {
  createParamDecorator,
  SetMetadata,
  type CustomDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import type { Role } from '@medseal/chaincode';
import type { Request } from 'express';
import type { BusinessRequest } from './business-request.js';
import type { SessionUser } from './session-user.js';

export const PUBLIC = 'medseal:public';
export const ROLES = 'medseal:roles';
export const ANSWER_NOT_KEPT = 'medseal:answer-not-kept';

declare module 'express-serve-static-core' {
  interface Request {
    user?: SessionUser;
    business?: BusinessRequest;
    requestId?: string;
  }
}

/** Nobody need sign in. */
export const Public = (): CustomDecorator => SetMetadata(PUBLIC, true);

/** Only these roles; others get 403. Without it, everybody who is signed in. */
export const Roles = (...roles: Role[]): CustomDecorator => SetMetadata(ROLES, roles);

/**
 * The answer of this POST holds clinical content and is not kept for repetitions: the act itself must bear to be run
 * again with the same business request.
 */
export const AnswerNotKept = (): CustomDecorator => SetMetadata(ANSWER_NOT_KEPT, true);

const requestOf = (context: ExecutionContext): Request => context.switchToHttp().getRequest<Request>();

/** The signed-in user, a `SessionUser`. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): SessionUser => {
  const { user } = requestOf(context);
  if (user === undefined) throw new Error('CurrentUser is only for routes that need a session.');
  return user;
});

/** The POST's `BusinessRequest`: id and values that a repetition with the same Idempotency-Key finds again. */
export const Business = createParamDecorator((_: unknown, context: ExecutionContext): BusinessRequest => {
  const { business } = requestOf(context);
  if (business === undefined) throw new Error('Business is only for POST routes that need a session.');
  return business;
});

/** Only the id of the `BusinessRequest`: 64 hex characters, the business id of the ledger's contracts. */
export const BusinessId = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const { business } = requestOf(context);
  if (business === undefined) throw new Error('BusinessId is only for POST routes that need a session.');
  return business.id;
});
