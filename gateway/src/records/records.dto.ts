import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsBase64,
  IsDefined,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { IsCalendarDate } from '../patients/calendar-date.js';
import { RECORD_TYPES, type RecordType, SCOPES, type ScopeLabel } from './record-content.js';

const SALT = /^[0-9a-f]{64}$/;
const DIGEST = /^[0-9a-f]{64}$/;
const saltMessage = 'send 32 random bytes in lower-case hex';
const digestMessage = 'send SHA-256 in lower-case hex';
const scopeMessage = `use ${SCOPES.join(' or ')}`;
const recordTypeMessage = `use one of ${RECORD_TYPES.join(', ')}`;
const diseaseMessage = 'write the disease in 1 to 500 characters';
/** Base64 of 5 MiB; what a request may be in all is the gateway's own limit. */
const MAX_SEALED_TEXT = 7 * 1024 * 1024;
const MAX_HEADER_TEXT = 350_000;

export class PrepareRecordRequest {
  @ApiProperty()
  @IsString({ message: "send the patient's registration number" })
  registrationNo!: string;

  @ApiProperty({ enum: SCOPES })
  @IsIn(SCOPES, { message: scopeMessage })
  scope!: ScopeLabel;

  @ApiProperty({ enum: RECORD_TYPES })
  @IsIn(RECORD_TYPES, { message: recordTypeMessage })
  recordType!: RecordType;

  @ApiProperty({ format: 'date' })
  @IsCalendarDate()
  effectiveDate!: string;
}

/** Content for the author's own hospital to seal. */
export class RecordContentRequest {
  @ApiProperty({ format: 'date' })
  @IsCalendarDate()
  effectiveDate!: string;

  @ApiProperty()
  @IsString({ message: diseaseMessage })
  @Length(1, 500, { message: diseaseMessage })
  @Matches(/\S/, { message: 'write the disease, not only spaces' })
  disease!: string;

  @ApiProperty({
    description: 'The eight sections, or a FHIR R4 document Bundle.',
    type: 'object',
    additionalProperties: true,
  })
  @IsObject({ message: 'send the eight sections or a FHIR R4 document Bundle' })
  document!: object;

  @ApiPropertyOptional({ enum: SCOPES, default: 'general' })
  @IsOptional()
  @IsIn(SCOPES, { message: scopeMessage })
  scope?: ScopeLabel;

  @ApiPropertyOptional({ enum: RECORD_TYPES, default: 'OPConsultation' })
  @IsOptional()
  @IsIn(RECORD_TYPES, { message: recordTypeMessage })
  recordType?: RecordType;
}

export class HospitalSealedRequest extends RecordContentRequest {
  @ApiProperty()
  @IsString({ message: "send the patient's registration number" })
  registrationNo!: string;
}

export class SelectorRequest {
  @ApiProperty({ format: 'date' })
  @IsCalendarDate()
  date!: string;

  @ApiProperty({ enum: RECORD_TYPES })
  @IsIn(RECORD_TYPES, { message: recordTypeMessage })
  recordType!: RecordType;

  @ApiProperty({ enum: SCOPES })
  @IsIn(SCOPES, { message: scopeMessage })
  scope!: ScopeLabel;

  @ApiProperty({ pattern: SALT.source })
  @Matches(SALT, { message: saltMessage })
  salt!: string;
}

export class TitleLineRequest {
  @ApiProperty({ format: 'date' })
  @IsCalendarDate()
  date!: string;

  @ApiProperty()
  @IsString({ message: diseaseMessage })
  @Length(1, 500, { message: diseaseMessage })
  disease!: string;

  @ApiProperty({ pattern: SALT.source })
  @Matches(SALT, { message: saltMessage })
  salt!: string;
}

export class CommitmentsRequest {
  @ApiProperty({ pattern: DIGEST.source })
  @Matches(DIGEST, { message: digestMessage })
  selector!: string;

  @ApiProperty({ pattern: DIGEST.source })
  @Matches(DIGEST, { message: digestMessage })
  titleLine!: string;

  @ApiProperty({ pattern: DIGEST.source })
  @Matches(DIGEST, { message: digestMessage })
  document!: string;
}

/** A record that the author's device sealed after `POST /records/prepare`. */
export class DeviceSealedRequest {
  @ApiProperty()
  @Matches(/^[0-9a-f]{32}$/, { message: 'send the recordId that POST /records/prepare answered' })
  recordId!: string;

  @ApiProperty({ description: 'Base64 of the ciphertext chunks.' })
  @IsBase64({}, { message: 'send base64 of the ciphertext chunks' })
  @MaxLength(MAX_SEALED_TEXT, { message: 'is too large: at most 5 MiB' })
  sealed!: string;

  @ApiProperty({ description: 'Base64 of the header object.' })
  @IsBase64({}, { message: 'send base64 of the header object' })
  @MaxLength(MAX_HEADER_TEXT, { message: 'is too large: at most 256 KiB' })
  header!: string;

  @ApiProperty({ type: CommitmentsRequest })
  @IsDefined({ message: 'send {selector, titleLine, document}' })
  @IsObject({ message: 'send {selector, titleLine, document}' })
  @ValidateNested()
  @Type(() => CommitmentsRequest)
  commitments!: CommitmentsRequest;

  @ApiProperty({ type: SelectorRequest })
  @IsDefined({ message: 'send {date, recordType, scope, salt}' })
  @IsObject({ message: 'send {date, recordType, scope, salt}' })
  @ValidateNested()
  @Type(() => SelectorRequest)
  selector!: SelectorRequest;

  @ApiPropertyOptional({
    type: TitleLineRequest,
    description: 'Only if the author gives it to the own hospital.',
  })
  @IsOptional()
  @IsObject({ message: 'send {date, disease, salt}' })
  @ValidateNested()
  @Type(() => TitleLineRequest)
  titleLine?: TitleLineRequest;
}

/** A new version: with `document` the hospital seals it; without, the answer is that of `prepare`. */
export class AmendRecordRequest {
  @ApiProperty({ format: 'date' })
  @IsCalendarDate()
  effectiveDate!: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString({ message: diseaseMessage })
  @Length(1, 500, { message: diseaseMessage })
  disease?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  @IsOptional()
  @IsObject({ message: 'send the eight sections or a FHIR R4 document Bundle' })
  document?: object;

  @ApiPropertyOptional({ enum: SCOPES })
  @IsOptional()
  @IsIn(SCOPES, { message: scopeMessage })
  scope?: ScopeLabel;

  @ApiPropertyOptional({ enum: RECORD_TYPES })
  @IsOptional()
  @IsIn(RECORD_TYPES, { message: recordTypeMessage })
  recordType?: RecordType;
}

export class OpenRecordRequest {
  @ApiPropertyOptional({ description: 'Why, for example TREATMENT; kept by the own hospital only.' })
  @IsOptional()
  @IsString({ message: 'write the purpose as text' })
  @Length(1, 200, { message: 'write a purpose of 1 to 200 characters' })
  purpose?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString({ message: 'send the consent id as text' })
  consentId?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString({ message: 'send the case id as text' })
  emergencyId?: string;
}
