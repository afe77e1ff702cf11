import { Module } from '@nestjs/common';
import { CareTeamsModule } from '../care-teams/care-teams.module.js';
import { CustodianModule } from '../custodian/custodian.module.js';
import { ConsentDutiesModule } from '../consents/consent-duties.module.js';
import { BlindStep } from '../integrity/blind-step.js';
import { IntegrityModule } from '../integrity/integrity.module.js';
import { DocumentPeople } from '../integrity/known-people.js';
import { PatientsModule } from '../patients/patients.module.js';
import { ConsentContentsController } from './consent-contents.controller.js';
import { ConsentContentsService } from './consent-contents.service.js';
import { ConsentedRecords } from './consented-records.service.js';
import { EmergencyRecords } from './emergency-records.service.js';
import { OpenRecordsService } from './open-records.service.js';
import { RecordReader } from './record-reader.js';
import { RecordStepsService } from './record-steps.service.js';
import { RecordWriter } from './record-writer.js';
import { RecordsController } from './records.controller.js';
import { RecordsService } from './records.service.js';

@Module({
  imports: [PatientsModule, CareTeamsModule, CustodianModule, ConsentDutiesModule, IntegrityModule],
  controllers: [RecordsController, ConsentContentsController],
  providers: [
    RecordReader,
    RecordWriter,
    RecordsService,
    RecordStepsService,
    BlindStep,
    DocumentPeople,
    OpenRecordsService,
    ConsentedRecords,
    ConsentContentsService,
    EmergencyRecords,
  ],
  exports: [ConsentedRecords, EmergencyRecords, OpenRecordsService],
})
export class RecordsModule {}
