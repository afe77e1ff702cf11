import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { AccessLogModule } from './access-log/access-log.module.js';
import { ActivationModule } from './activation/activation.module.js';
import { AuthGuard } from './auth/auth.guard.js';
import { AuditsModule } from './audits/audits.module.js';
import { AuthModule } from './auth/auth.module.js';
import { BlockchainModule } from './blockchain/blockchain.module.js';
import { CareTeamsModule } from './care-teams/care-teams.module.js';
import { ChoicesModule } from './choices/choices.module.js';
import { Clock } from './clock.js';
import { ConsentDutiesModule } from './consents/consent-duties.module.js';
import { CustodianModule } from './custodian/custodian.module.js';
import { DoctorsModule } from './doctors/doctors.module.js';
import { EmergenciesModule } from './emergencies/emergencies.module.js';
import { EncountersModule } from './encounters/encounters.module.js';
import { EventsModule } from './events/events.module.js';
import { EpochsModule } from './epochs/epochs.module.js';
import { ErasureModule } from './erasure/erasure.module.js';
import { GuardiansModule } from './guardians/guardians.module.js';
import { HealthModule } from './health/health.module.js';
import { IdempotencyInterceptor } from './http/idempotency.interceptor.js';
import { ProblemFilter } from './http/problem.filter.js';
import { ReadYourWritesInterceptor } from './http/read-your-writes.interceptor.js';
import { validationPipe } from './http/validation.pipe.js';
import { NetworkModule } from './network/network.module.js';
import { OwnerConsentsModule } from './consents/owner-consents.module.js';
import { OrganizationRegistry } from './organizations/organization.js';
import { PlatformModule } from './organizations/platform.module.js';
import { OutboxModule } from './outbox/outbox.module.js';
import { ParametersModule } from './parameters/parameters.module.js';
import { PatientsModule } from './patients/patients.module.js';
import { ProjectionModule } from './projection/projection.module.js';
import { RecordsModule } from './records/records.module.js';
import { SettingsModule } from './settings/settings.module.js';
import { StaffKeysModule } from './staff-keys/staff-keys.module.js';
import { StatisticsModule } from './statistics/statistics.module.js';
import { TransactionsModule } from './transactions/transactions.module.js';
import { UsersModule } from './users/users.module.js';
import { VerifyModule } from './verify/verify.module.js';

export interface AppOptions {
  organizations: OrganizationRegistry;
  clock: Clock;
  /** Requests of one address to one route in ten seconds. */
  rateLimit: number;
  /** Every file of other hospitals' records is audited once within so many days. */
  auditEveryDays: number;
}

const RATE_WINDOW_MS = 10_000;

@Module({})
export class AppModule {
  static with({ organizations, clock, rateLimit, auditEveryDays }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.with(organizations, clock),
        ThrottlerModule.forRoot([{ ttl: RATE_WINDOW_MS, limit: rateLimit }]),
        OutboxModule,
        ProjectionModule,
        AuthModule,
        HealthModule,
        UsersModule,
        DoctorsModule,
        PatientsModule,
        EncountersModule,
        CustodianModule,
        CareTeamsModule,
        ErasureModule,
        ConsentDutiesModule,
        RecordsModule,
        AuditsModule.with(auditEveryDays),
        EmergenciesModule,
        TransactionsModule,
        ActivationModule,
        // Before the consents, whose ids its path would be one of.
        ChoicesModule,
        OwnerConsentsModule,
        EpochsModule,
        GuardiansModule,
        BlockchainModule,
        AccessLogModule,
        EventsModule,
        VerifyModule,
        ParametersModule,
        SettingsModule,
        StaffKeysModule,
        StatisticsModule,
        NetworkModule.with(auditEveryDays),
      ],
      providers: [
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_GUARD, useClass: ThrottlerGuard },
        { provide: APP_GUARD, useClass: AuthGuard },
        // Outermost first: a stored answer is kept only after the read model has the write.
        { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
        { provide: APP_INTERCEPTOR, useClass: ReadYourWritesInterceptor },
        { provide: APP_PIPE, useFactory: validationPipe },
      ],
    };
  }
}
