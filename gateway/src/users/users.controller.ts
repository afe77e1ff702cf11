import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { BusinessRequest } from '../http/business-request.js';
import { Business, CurrentUser, Roles } from '../http/decorators.js';
import type { LedgerAnswer } from '../http/ledger-answer.js';
import { pageOf, type Page } from '../http/paging.js';
import type { SessionUser } from '../http/session-user.js';
import { ChangeUserDto, CreateUserDto } from './users.dto.js';
import { UsersService, type UserChanged, type UserCreated, type UserListing } from './users.service.js';

@ApiTags('users')
@Roles('hospital-admin', 'system-manager')
@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  list(
    @CurrentUser() user: SessionUser,
    @Query() query: Record<string, unknown>,
  ): Promise<Page<UserListing>> {
    return this.users.list(user, pageOf(query));
  }

  @Post()
  create(
    @CurrentUser() user: SessionUser,
    @Body() input: CreateUserDto,
    @Business() business: BusinessRequest,
  ): Promise<UserCreated> {
    return this.users.create(user, input, business);
  }

  @Get(':username')
  get(@CurrentUser() user: SessionUser, @Param('username') username: string): Promise<UserListing> {
    return this.users.get(user, username);
  }

  @Patch(':username')
  change(
    @CurrentUser() user: SessionUser,
    @Param('username') username: string,
    @Body() change: ChangeUserDto,
  ): Promise<UserChanged> {
    return this.users.change(user, username, change);
  }

  @Delete(':username')
  remove(
    @CurrentUser() user: SessionUser,
    @Param('username') username: string,
  ): Promise<{ ledger: LedgerAnswer }> {
    return this.users.remove(user, username);
  }
}
