import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { type Choice, OpenChoices } from '../choices/open-choices.js';
import { CurrentUser, Public } from '../http/decorators.js';
import { notFound } from '../http/problem.js';
import type { SessionUser } from '../http/session-user.js';
import { SESSION_COOKIE } from './auth.guard.js';
import { ChangePasswordDto, LoginDto } from './auth.dto.js';
import { AuthService, userAnswer, type UserAnswer } from './auth.service.js';
import { SessionsService, type SessionSummary } from './sessions.service.js';

interface LoginAnswer {
  token: string;
  csrfToken: string;
  expiresAt: string;
  user: UserAnswer;
}

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly sessions: SessionsService,
    private readonly choices: OpenChoices,
  ) {}

  @Public()
  @Post('login')
  @HttpCode(200)
  async login(
    @Body() credentials: LoginDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<LoginAnswer> {
    const { token, csrfToken, expiresAt, user } = await this.auth.signIn(credentials, addressOf(request));
    response.cookie(SESSION_COOKIE, token, {
      ...cookieOptions(request),
      // Without remember-me it is the browser's session cookie; the server's limits hold in any case.
      ...(credentials.rememberMe === true ? { expires: expiresAt } : {}),
    });
    response.header('Cache-Control', 'no-store');
    return { token, csrfToken, expiresAt: expiresAt.toISOString(), user };
  }

  @Post('logout')
  @HttpCode(204)
  async logout(
    @CurrentUser() user: SessionUser,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    await this.sessions.end(user.organization, user.subject, user.sessionId);
    response.clearCookie(SESSION_COOKIE, cookieOptions(request));
  }

  /** Gives the CSRF token too: a page that was loaded anew has only the cookie. Other origins cannot read the answer. */
  @Get('me')
  @Header('Cache-Control', 'no-store')
  async me(@CurrentUser() user: SessionUser): Promise<
    UserAnswer & {
      sessionId: string;
      csrfToken: string;
      expiresAt: string;
      /** Of a patient: what is still to be asked, see POST /consents/choices. */
      openChoices: Choice[];
    }
  > {
    const { sessionId, csrfToken, sessionExpiresAt } = user;
    const expiresAt = sessionExpiresAt.toISOString();
    const openChoices = await this.choices.openFor(user);
    return { ...userAnswer(user), sessionId, csrfToken, expiresAt, openChoices };
  }

  @Get('sessions')
  async list(@CurrentUser() user: SessionUser): Promise<{
    items: (Omit<SessionSummary, 'createdAt' | 'lastUsedAt' | 'expiresAt'> & {
      createdAt: string;
      lastUsedAt: string;
      expiresAt: string;
      current: boolean;
    })[];
    nextCursor: null;
    total: number;
  }> {
    const items = (await this.sessions.list(user)).map((session) => ({
      id: session.id,
      createdAt: session.createdAt.toISOString(),
      lastUsedAt: session.lastUsedAt.toISOString(),
      expiresAt: session.expiresAt.toISOString(),
      remember: session.remember,
      current: session.id === user.sessionId,
    }));
    return { items, nextCursor: null, total: items.length };
  }

  @Delete('sessions/:id')
  @HttpCode(204)
  async endSession(@CurrentUser() user: SessionUser, @Param('id') id: string): Promise<void> {
    if (!(await this.sessions.end(user.organization, user.subject, id))) throw notFound();
  }

  @Post('change-password')
  @HttpCode(204)
  async changePassword(
    @CurrentUser() user: SessionUser,
    @Body() change: ChangePasswordDto,
    @Req() request: Request,
  ): Promise<void> {
    await this.auth.changePassword(user, change, addressOf(request));
  }
}

const addressOf = (request: Request): string => request.ip ?? 'unknown';

const cookieOptions = (request: Request) =>
  ({ httpOnly: true, sameSite: 'strict', secure: request.secure, path: '/' }) as const;
