import { Module } from '@nestjs/common';
import { PatientsModule } from '../patients/patients.module.js';
import { EncountersController } from './encounters.controller.js';
import { EncountersService } from './encounters.service.js';

@Module({ imports: [PatientsModule], controllers: [EncountersController], providers: [EncountersService] })
export class EncountersModule {}
