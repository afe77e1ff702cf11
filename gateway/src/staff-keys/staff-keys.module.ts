import { Module } from '@nestjs/common';
import { KeyringsModule } from '../activation/keyrings.module.js';
import { SettingsModule } from '../settings/settings.module.js';
import { StaffKeysController } from './staff-keys.controller.js';
import { StaffKeysService } from './staff-keys.service.js';

/** Staff who hold their keys on a device of their own. */
@Module({
  imports: [KeyringsModule, SettingsModule],
  controllers: [StaffKeysController],
  providers: [StaffKeysService],
})
export class StaffKeysModule {}
