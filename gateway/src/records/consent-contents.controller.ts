import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../http/decorators.js';
import { pageOf } from '../http/paging.js';
import type { SessionUser } from '../http/session-user.js';
import { type ConsentContents, ConsentContentsService } from './consent-contents.service.js';

@ApiTags('consents')
@Controller('consents')
export class ConsentContentsController {
  constructor(private readonly contents: ConsentContentsService) {}

  @Get(':id/records')
  @ApiOperation({ summary: 'Terms of a consent and the records that it opens, for its grantee' })
  @ApiQuery({ name: 'limit', required: false })
  @ApiQuery({ name: 'cursor', required: false })
  list(
    @CurrentUser() user: SessionUser,
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
  ): Promise<ConsentContents> {
    return this.contents.list(user, id, pageOf(query));
  }
}
