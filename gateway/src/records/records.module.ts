import { Module } from '@nestjs/common';
import { CareTeamsModule } from '../care-teams/care-teams.module.js';
import { CustodianModule } from '../custodian/custodian.module.js';
import { ConsentDutiesModule } from '../consents/consent-duties.module.js';
import { AttestStep } from '../integrity/attest-step.js';
import { BlindStep } from '../integrity/blind-step.js';
import { IntegrityModule } from '../integrity/integrity.module.js';
import { DocumentPeople } from '../integrity/known-people.js';
import { SanitizeStep } from '../integrity/sanitize-step.js';
import { SanitizedFiles } from '../integrity/sanitized-files.js';
import { RecordStepsController } from '../integrity/steps.controller.js';
import { Worklist } from '../integrity/worklist.js';
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
  controllers: [RecordsController, RecordStepsController, ConsentContentsController],
  providers: [
    RecordReader,
    RecordWriter,
    RecordsService,
    RecordStepsService,
    BlindStep,
    SanitizeStep,
    AttestStep,
    SanitizedFiles,
    Worklist,
    DocumentPeople,
    OpenRecordsService,
    ConsentedRecords,
    ConsentContentsService,
    EmergencyRecords,
  ],
  exports: [ConsentedRecords, EmergencyRecords, OpenRecordsService],
})
export class RecordsModule {}
