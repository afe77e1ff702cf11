import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsEmail,
  IsIn,
  IsOptional,
  IsString,
  Length,
  Matches,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { IsCalendarDate } from './calendar-date.js';

/** As FHIR's AdministrativeGender. */
export const GENDERS = ['male', 'female', 'other', 'unknown'] as const;

const PHONE = /^\d{6,15}$/;
const phoneMessage = 'write a phone number of 6 to 15 digits without spaces';

export class GuardianRequest {
  @ApiProperty()
  @IsString({ message: 'write the name as text' })
  @Length(1, 200, { message: 'write a name of 1 to 200 characters' })
  name!: string;

  @ApiProperty({ example: 'mother' })
  @IsString({ message: 'write the relationship as text' })
  @Length(1, 100, { message: 'write the relationship in 1 to 100 characters, for example mother' })
  relationship!: string;

  @ApiPropertyOptional({ pattern: PHONE.source })
  @IsOptional()
  @Matches(PHONE, { message: phoneMessage })
  contactNo?: string | null;
}

class OptionalDemographics {
  @ApiPropertyOptional({ format: 'date' })
  @IsOptional()
  @IsCalendarDate()
  birthDate?: string | null;

  @ApiPropertyOptional({ enum: GENDERS })
  @IsOptional()
  @IsIn(GENDERS, { message: `use ${GENDERS.join(', ')}` })
  gender?: string | null;

  @ApiPropertyOptional({ pattern: PHONE.source })
  @IsOptional()
  @Matches(PHONE, { message: phoneMessage })
  contactNo?: string | null;

  @ApiPropertyOptional()
  @IsOptional()
  @IsEmail({}, { message: 'write an e-mail address, for example name@example.org' })
  @Length(3, 254, { message: 'write an e-mail address of at most 254 characters' })
  email?: string | null;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString({ message: 'write the address as text' })
  @Length(1, 500, { message: 'write an address of 1 to 500 characters' })
  address?: string | null;

  @ApiPropertyOptional({ description: "Id of one of the hospital's doctors." })
  @IsOptional()
  @IsString({ message: "send the id of one of this hospital's doctors" })
  @Length(1, 64, { message: "send the id of one of this hospital's doctors" })
  doctorId?: string | null;

  @ApiPropertyOptional({ type: GuardianRequest })
  @IsOptional()
  @ValidateNested()
  @Type(() => GuardianRequest)
  guardian?: GuardianRequest | null;
}

export class CreatePatientRequest extends OptionalDemographics {
  @ApiProperty()
  @IsString({ message: 'write the name as text' })
  @Length(1, 200, { message: 'write a name of 1 to 200 characters' })
  @Matches(/\S/, { message: 'write a name, not only spaces' })
  name!: string;
}

/** What is left out stays; `null` clears a field. */
export class UpdatePatientRequest extends OptionalDemographics {
  @ApiPropertyOptional()
  @ValidateIf((_, value) => value !== undefined)
  @IsString({ message: 'write the name as text; a name cannot be cleared' })
  @Length(1, 200, { message: 'write a name of 1 to 200 characters' })
  @Matches(/\S/, { message: 'write a name, not only spaces' })
  name?: string;
}
