import { Global, Module } from '@nestjs/common';
import { CareTeamsModule } from '../care-teams/care-teams.module.js';
import { OpenChoicesModule } from '../choices/open-choices.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { AccountsService } from './accounts.service.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { LoginLimits } from './login-limits.js';
import { SessionsService } from './sessions.service.js';

@Global()
@Module({
  imports: [CareTeamsModule, OpenChoicesModule, TransactionsModule],
  controllers: [AuthController],
  providers: [AccountsService, AuthService, LoginLimits, SessionsService],
  exports: [AccountsService, AuthService, SessionsService],
})
export class AuthModule {}
