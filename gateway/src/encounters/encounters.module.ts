import { Module } from '@nestjs/common';
import { PatientsModule } from '../patients/patients.module.js';
import { EncountersController, OwnEncountersController } from './encounters.controller.js';
import { EncountersService } from './encounters.service.js';
import { OwnEncountersService } from './own-encounters.service.js';

@Module({
  imports: [PatientsModule],
  controllers: [EncountersController, OwnEncountersController],
  providers: [EncountersService, OwnEncountersService],
})
export class EncountersModule {}
