import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Role } from '@medseal/chaincode';
import type { Request } from 'express';
import { PUBLIC, ROLES } from '../http/decorators.js';
import { problem } from '../http/problem.js';
import { SessionsService } from './sessions.service.js';

export const SESSION_COOKIE = 'medseal_session';
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Refuses by default: every route needs a session unless it says `@Public()`. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly sessions: SessionsService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const places = [context.getHandler(), context.getClass()];
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, places) ?? false;
    if (isPublic) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const { token, fromCookie } = tokenOf(request);
    const user = token === undefined ? undefined : await this.sessions.authenticate(token);
    if (token === undefined || user === undefined) {
      throw problem(
        401,
        'NOT_SIGNED_IN',
        'There is no current session: sign in at POST /auth/login.',
        undefined,
        {
          headers: { 'WWW-Authenticate': 'Bearer' },
        },
      );
    }
    if (fromCookie && !SAFE_METHODS.has(request.method)) {
      if (!this.sessions.csrfMatches(token, request.get('x-csrf-token'))) {
        throw problem(403, 'CSRF_TOKEN', 'Send the csrfToken of your sign-in in the header X-CSRF-Token.', [
          { field: 'X-CSRF-Token', message: 'is missing or not of this session' },
        ]);
      }
    }
    const roles = this.reflector.getAllAndOverride<Role[] | undefined>(ROLES, places);
    if (roles !== undefined && !roles.includes(user.role)) {
      throw problem(403, 'NOT_ALLOWED', `This needs the role ${roles.join(' or ')}.`);
    }
    request.user = user;
    return true;
  }
}

const tokenOf = (request: Request): { token?: string; fromCookie: boolean } => {
  const authorization = request.get('authorization');
  if (authorization !== undefined) {
    return { token: /^Bearer ([^\s]+)$/i.exec(authorization)?.[1], fromCookie: false };
  }
  const cookies = request.cookies as Record<string, unknown> | undefined;
  const cookie = cookies?.[SESSION_COOKIE];
  return { token: typeof cookie === 'string' ? cookie : undefined, fromCookie: true };
};
