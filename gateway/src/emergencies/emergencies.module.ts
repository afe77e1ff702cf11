import { Module } from '@nestjs/common';
import { PatientsModule } from '../patients/patients.module.js';
import { ProjectionModule } from '../projection/projection.module.js';
import { RecordsModule } from '../records/records.module.js';
import { EmergenciesController } from './emergencies.controller.js';
import { EmergenciesService } from './emergencies.service.js';

/** Break-glass: cases, their review, and the records that they open. */
@Module({
  imports: [PatientsModule, ProjectionModule, RecordsModule],
  controllers: [EmergenciesController],
  providers: [EmergenciesService],
})
export class EmergenciesModule {}
