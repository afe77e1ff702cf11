import { Body, Controller, Get, Param, Post, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { BusinessRequest } from '../http/business-request.js';
import { Business, CurrentUser, Roles } from '../http/decorators.js';
import { page } from '../http/paging.js';
import type { SessionUser } from '../http/session-user.js';
import { CareTeamRequest } from './care-teams.dto.js';
import { CareTeams } from './care-teams.service.js';

@ApiTags('care teams')
@Controller('care-teams')
export class CareTeamsController {
  constructor(private readonly teams: CareTeams) {}

  @Get()
  @ApiOperation({ summary: 'Care teams of the own hospital; those of others stand in GET /organizations' })
  async list(@CurrentUser() user: SessionUser) {
    const items = await this.teams.list(user);
    return page(items, null, items.length);
  }

  @Post()
  @Roles('hospital-admin')
  @ApiOperation({ summary: 'A named team; its key is sealed to each member' })
  create(
    @CurrentUser() user: SessionUser,
    @Business() business: BusinessRequest,
    @Body() { members }: CareTeamRequest,
  ) {
    return this.teams.create(user, business, members);
  }

  @Put(':id')
  @Roles('hospital-admin')
  @ApiOperation({ summary: 'Other members of a named team, with a new key for new consents' })
  change(@CurrentUser() user: SessionUser, @Param('id') id: string, @Body() { members }: CareTeamRequest) {
    return this.teams.change(user, id, members);
  }
}
