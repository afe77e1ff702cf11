import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBase64,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { type GranteeKind, type Purpose, PURPOSES } from '@medseal/chaincode';
import { IsCalendarDate } from '../patients/calendar-date.js';
import { isRegistrationNumber } from '../patients/registration-number.js';
import { RECORD_TYPES } from '../records/record-content.js';

const AGENTS_MAX = 16;
const SCOPES_MAX = 16;
const OWN_TERMS_MAX = 16_384;
const EPOCH_MAX = 0xffff_ffff;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const MSP_ID = /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/;
const idMessage = { message: 'send 32 lower-case hex characters' };
const digestMessage = { message: 'send 64 lower-case hex characters' };
const epochMessage = { message: 'send a whole number from 1' };
const mspMessage = { message: 'send an MSP id as GET /organizations gives it' };

export const GRANTEE_KINDS: readonly GranteeKind[] = ['person', 'guardian', 'careTeam', 'emergency'];

export class GranteeRequest {
  @ApiProperty({ enum: GRANTEE_KINDS })
  @IsIn(GRANTEE_KINDS, { message: `send one of ${GRANTEE_KINDS.join(', ')}` })
  kind!: GranteeKind;

  @ApiProperty({ description: 'Staff id, team id or digest of the emergency key.' })
  @Matches(/^[0-9a-f]{16,64}$/, { message: 'send the staff id, team id or digest' })
  id!: string;

  @ApiProperty()
  @Matches(MSP_ID, mspMessage)
  mspId!: string;

  @ApiProperty({ description: 'Compressed G2 point, hex, as it is registered.' })
  @Matches(/^[0-9a-f]{192}$/, { message: 'send the key that GET /consents/grantees/{id} answered' })
  publicKey!: string;

  @ApiProperty()
  @Matches(/^[0-9a-f]{64}$/, digestMessage)
  certificateHash!: string;

  @ApiProperty()
  @IsInt(epochMessage)
  @Min(1, epochMessage)
  @Max(EPOCH_MAX, epochMessage)
  epoch!: number;
}

export class ConsentScopeRequest {
  @ApiProperty()
  @Matches(/^[0-9a-f]{32}$/, idMessage)
  scopeId!: string;

  @ApiProperty()
  @IsInt(epochMessage)
  @Min(1, epochMessage)
  @Max(EPOCH_MAX, epochMessage)
  epoch!: number;

  @ApiProperty({ description: 'The owner’s key of scope and epoch: compressed G1 point, hex.' })
  @Matches(/^[0-9a-f]{96}$/, { message: 'send a compressed G1 point as 96 lower-case hex characters' })
  publicKey!: string;

  @ApiProperty({ type: [String], description: 'Public check of each agent’s share, in the order of agents.' })
  @IsArray({ message: 'send a point for each agent' })
  @ArrayMinSize(2, { message: 'send a point for each agent' })
  @ArrayMaxSize(AGENTS_MAX, { message: 'send a point for each agent' })
  @Matches(/^[0-9a-f]{96}$/, {
    each: true,
    message: 'send compressed G1 points as 96 lower-case hex characters',
  })
  points!: string[];

  @ApiProperty({ type: [String], description: 'SHA-256 of each agent’s sealed share.' })
  @IsArray({ message: 'send a digest for each agent' })
  @ArrayMinSize(2, { message: 'send a digest for each agent' })
  @ArrayMaxSize(AGENTS_MAX, { message: 'send a digest for each agent' })
  @Matches(/^[0-9a-f]{64}$/, { each: true, message: 'send SHA-256 digests as 64 lower-case hex characters' })
  shareDigests!: string[];
}

export class ConsentAgentRequest {
  @ApiProperty()
  @Matches(MSP_ID, mspMessage)
  mspId!: string;

  @ApiProperty({ description: 'The agent key that the share is sealed to: X25519, hex.' })
  @Matches(/^[0-9a-f]{64}$/, digestMessage)
  publicKey!: string;
}

/** The public consent, as the device signs it. */
export class ConsentFieldsRequest {
  @ApiProperty({ description: 'Random, drawn by the device.' })
  @Matches(/^[0-9a-f]{32}$/, idMessage)
  consentId!: string;

  @ApiProperty({ type: String, nullable: true, description: 'The request that this answers, or null.' })
  @IsOptional()
  @Matches(/^[0-9a-f]{32}$/, idMessage)
  requestId?: string | null;

  @ApiProperty({ type: GranteeRequest })
  @IsObject({ message: 'send {kind, id, mspId, publicKey, certificateHash, epoch}' })
  @ValidateNested()
  @Type(() => GranteeRequest)
  grantee!: GranteeRequest;

  @ApiProperty({ type: [ConsentScopeRequest] })
  @IsArray({ message: 'send one scope or more' })
  @ArrayMinSize(1, { message: 'send one scope or more' })
  @ArrayMaxSize(SCOPES_MAX, { message: `send at most ${SCOPES_MAX} scopes` })
  @ValidateNested({ each: true })
  @Type(() => ConsentScopeRequest)
  scopes!: ConsentScopeRequest[];

  @ApiProperty({ type: [ConsentAgentRequest], description: 'Ascending by MSP id.' })
  @IsArray({ message: 'send two agents or more' })
  @ArrayMinSize(2, { message: 'send two agents or more' })
  @ArrayMaxSize(AGENTS_MAX, { message: `send at most ${AGENTS_MAX} agents` })
  @ValidateNested({ each: true })
  @Type(() => ConsentAgentRequest)
  agents!: ConsentAgentRequest[];

  @ApiProperty({ description: 'How many agents open.' })
  @IsInt({ message: 'send a whole number from 2' })
  @Min(2, { message: 'send a whole number from 2' })
  @Max(AGENTS_MAX, { message: `send a whole number up to ${AGENTS_MAX}` })
  threshold!: number;

  @ApiProperty({ format: 'date-time' })
  @Matches(INSTANT, { message: 'send an instant as 2027-01-31T12:00:00.000Z' })
  expiresAt!: string;

  @ApiProperty({ description: 'Commitment of the terms.' })
  @Matches(/^[0-9a-f]{64}$/, digestMessage)
  termsCommitment!: string;

  @ApiPropertyOptional({ description: 'The delivery of the terms to the grantee’s organisation.' })
  @IsOptional()
  @Matches(/^[0-9a-f]{32}$/, idMessage)
  termsId?: string;
}

export class SealedShareRequest {
  @ApiProperty()
  @Matches(MSP_ID, mspMessage)
  mspId!: string;

  @ApiProperty({ description: 'Base64 of the agent’s shares as they are deposited.' })
  @IsBase64({}, { message: 'send base64' })
  @MaxLength(8_000, { message: 'send at most 8000 characters' })
  bytes!: string;
}

export class SealedOpeningRequest extends SealedShareRequest {
  @ApiProperty({ description: 'Random, drawn by the device, which sealed the bytes for it.' })
  @Matches(/^[0-9a-f]{32}$/, idMessage)
  deliveryId!: string;
}

export class GrantConsentRequest {
  @ApiProperty({ type: ConsentFieldsRequest })
  @IsObject({ message: 'send the consent as the device made it' })
  @ValidateNested()
  @Type(() => ConsentFieldsRequest)
  fields!: ConsentFieldsRequest;

  @ApiProperty({ type: [SealedShareRequest], description: 'One an agent, in their order.' })
  @IsArray({ message: 'send a sealed share for each agent' })
  @ArrayMaxSize(AGENTS_MAX, { message: 'send a sealed share for each agent' })
  @ValidateNested({ each: true })
  @Type(() => SealedShareRequest)
  sealedShares!: SealedShareRequest[];

  @ApiPropertyOptional({
    type: [SealedOpeningRequest],
    description:
      'The terms, sealed to the hand-over key of each organisation that must know them; none in an emergency grant.',
  })
  @IsArray({ message: 'send the terms sealed to the grantee’s organisation' })
  @ArrayMaxSize(AGENTS_MAX, { message: `send at most ${AGENTS_MAX}` })
  @ValidateNested({ each: true })
  @Type(() => SealedOpeningRequest)
  sealedOpenings!: SealedOpeningRequest[];

  @ApiPropertyOptional({
    description: 'The terms, sealed by the owner’s device to itself, for its own list.',
  })
  @IsOptional()
  @IsBase64({}, { message: 'send base64' })
  @MaxLength(OWN_TERMS_MAX, { message: `send at most ${OWN_TERMS_MAX} characters` })
  ownTerms?: string;
}

export class DateRangeRequest {
  @ApiProperty({ format: 'date' })
  @IsCalendarDate()
  from!: string;

  @ApiProperty({ format: 'date' })
  @IsCalendarDate()
  to!: string;
}

export class AskedGranteeRequest {
  @ApiProperty({ enum: ['person', 'careTeam'] })
  @IsIn(['person', 'careTeam'], { message: 'send person or careTeam' })
  kind!: 'person' | 'careTeam';

  @ApiProperty({ description: 'Staff id or team id of the own hospital.' })
  @Matches(/^[0-9a-f]{16,64}$/, { message: 'send the staff id or team id' })
  id!: string;
}

/** A request for consent; the owner may narrow it. */
export class AskConsentRequest {
  @ApiProperty({ description: 'As the patient gives it: 13 digits.' })
  @ValidateBy(
    { name: 'isRegistrationNumber', validator: { validate: isRegistrationNumber } },
    { message: 'send the 13 digits of the card: one of them is wrong' },
  )
  registrationNo!: string;

  @ApiPropertyOptional({ type: AskedGranteeRequest, description: 'Who is to read; the caller if not given.' })
  @IsOptional()
  @IsObject({ message: 'send {kind, id}' })
  @ValidateNested()
  @Type(() => AskedGranteeRequest)
  grantee?: AskedGranteeRequest;

  @ApiProperty({ enum: PURPOSES.filter((purpose) => purpose !== 'BTG') })
  @IsIn(PURPOSES.filter((purpose) => purpose !== 'BTG'), {
    message: 'send CAREMGT, PUBHLTH, HPAYMT, DSRCH or PATRQT',
  })
  purpose!: Purpose;

  @ApiProperty({ enum: RECORD_TYPES, isArray: true })
  @IsArray({ message: 'send one record type or more' })
  @ArrayMinSize(1, { message: 'send one record type or more' })
  @ArrayMaxSize(RECORD_TYPES.length, { message: 'name each record type once' })
  @ArrayUnique({ message: 'name each record type once' })
  @IsIn(RECORD_TYPES, { each: true, message: `send some of ${RECORD_TYPES.join(', ')}` })
  recordTypes!: string[];

  @ApiProperty({ type: DateRangeRequest })
  @IsObject({ message: 'send {from, to}' })
  @ValidateNested()
  @Type(() => DateRangeRequest)
  dateRange!: DateRangeRequest;

  @ApiProperty({ format: 'date-time' })
  @Matches(INSTANT, { message: 'send an instant as 2027-01-31T12:00:00.000Z' })
  expiresAt!: string;

  @ApiProperty({ format: 'date-time' })
  @Matches(INSTANT, { message: 'send an instant as 2027-01-31T12:00:00.000Z' })
  dataEraseAt!: string;
}
