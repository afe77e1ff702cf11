import { Module } from '@nestjs/common';
import { CareTeamsModule } from '../care-teams/care-teams.module.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Module({ imports: [CareTeamsModule], controllers: [UsersController], providers: [UsersService] })
export class UsersModule {}
