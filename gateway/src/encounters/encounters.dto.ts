import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsDefined, IsIn, IsOptional, IsString, Length, MaxLength, ValidateNested } from 'class-validator';
import { IsDateOrInstant } from '../patients/calendar-date.js';

/** FHIR v3 ActCode: `AMB` is an out-patient visit, `IMP` an admission. */
export const ENCOUNTER_CLASSES = ['AMB', 'IMP'] as const;
export type EncounterClass = (typeof ENCOUNTER_CLASSES)[number];

export class PeriodRequest {
  @ApiProperty({ description: 'RFC 3339 instant, or a day.' })
  @IsDateOrInstant()
  start!: string;

  @ApiPropertyOptional({ description: 'RFC 3339 instant, or a day; not before the start.' })
  @IsOptional()
  @IsDateOrInstant()
  end?: string;
}

export class CreateEncounterRequest {
  @ApiProperty({ enum: ENCOUNTER_CLASSES })
  @IsIn(ENCOUNTER_CLASSES, { message: 'use AMB for a visit or IMP for an admission' })
  class!: EncounterClass;

  @ApiProperty({ description: "Id of one of the hospital's doctors." })
  @IsString({ message: "send the id of one of this hospital's doctors" })
  @Length(1, 64, { message: "send the id of one of this hospital's doctors" })
  doctorId!: string;

  @ApiProperty()
  @IsString({ message: 'write the reason as text' })
  @Length(1, 1_000, { message: 'write a reason of 1 to 1000 characters' })
  reason!: string;

  @ApiProperty({ type: PeriodRequest })
  @IsDefined({ message: 'send {start, end?}' })
  @ValidateNested({ message: 'send {start, end?}' })
  @Type(() => PeriodRequest)
  period!: PeriodRequest;

  @ApiPropertyOptional({
    description: "Code of the patient's card; needed once for another hospital's patient.",
  })
  @IsOptional()
  // What registration answers as `card` may be sent as it is.
  @Transform(({ value }: { value: unknown }) => (isCardObject(value) ? value.code : value))
  @IsString({ message: "send the code on the patient's card" })
  @MaxLength(2_000, { message: "send the code on the patient's card" })
  card?: string;
}

export class CloseEncounterRequest {
  @ApiPropertyOptional({ description: 'RFC 3339 instant, or a day; now if left out.' })
  @IsOptional()
  @IsDateOrInstant()
  end?: string;
}

const isCardObject = (value: unknown): value is { code: unknown } =>
  typeof value === 'object' && value !== null && 'code' in value;
