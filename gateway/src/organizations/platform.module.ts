import { Global, Module, type DynamicModule } from '@nestjs/common';
import { CareTeamsModule } from '../care-teams/care-teams.module.js';
import { EmergencyKeysModule } from '../emergencies/emergency-keys.module.js';
import { Clock } from '../clock.js';
import { IntegrityModule } from '../integrity/integrity.module.js';
import { Bootstrap } from './bootstrap.js';
import { ChannelAuthorities } from './channel-authorities.js';
import { OrganizationRegistry } from './organization.js';
import { OrganizationsController } from './organizations.controller.js';

/** What was opened before the application: organisations and clock, for every module to inject. */
@Global()
@Module({})
export class PlatformModule {
  static with(organizations: OrganizationRegistry, clock: Clock): DynamicModule {
    return {
      module: PlatformModule,
      imports: [CareTeamsModule, EmergencyKeysModule, IntegrityModule],
      controllers: [OrganizationsController],
      providers: [
        { provide: OrganizationRegistry, useValue: organizations },
        { provide: Clock, useValue: clock },
        Bootstrap,
        ChannelAuthorities,
      ],
      exports: [OrganizationRegistry, Clock],
    };
  }
}
