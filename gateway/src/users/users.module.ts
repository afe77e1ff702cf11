import { Module } from '@nestjs/common';
import { KeyringsModule } from '../activation/keyrings.module.js';
import { CareTeamsModule } from '../care-teams/care-teams.module.js';
import { SettingsModule } from '../settings/settings.module.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [CareTeamsModule, KeyringsModule, SettingsModule],
  controllers: [UsersController],
  providers: [UsersService],
})
export class UsersModule {}
