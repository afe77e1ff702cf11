import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min, ValidateBy } from 'class-validator';
import {
  EMERGENCY_REASONS,
  EMERGENCY_VERDICTS,
  type EmergencyReason,
  type EmergencyVerdict,
} from '@medseal/chaincode';
import { isRegistrationNumber } from '../patients/registration-number.js';
import { REASON_MAX } from './reason.js';

const HOURS_MAX = 5 * 24;
const reasonMessage = { message: `write the reason in 1 to ${REASON_MAX} characters, on one line` };
const hoursMessage = { message: `send a whole number of hours from 1 to ${HOURS_MAX}` };

export class OpenEmergencyRequest {
  @ApiProperty({ description: 'As the card gives it: 13 digits.' })
  @ValidateBy(
    { name: 'isRegistrationNumber', validator: { validate: isRegistrationNumber } },
    { message: 'send the 13 digits of the card: one of them is wrong' },
  )
  registrationNo!: string;

  @ApiPropertyOptional({ description: 'The code on the card, for another hospital’s patient.' })
  @IsOptional()
  @IsString({ message: 'send the code as text' })
  @MaxLength(2_000, { message: 'send the code as it is on the card' })
  card?: string;

  @ApiProperty({ enum: EMERGENCY_REASONS })
  @IsIn(EMERGENCY_REASONS, { message: `send one of ${EMERGENCY_REASONS.join(', ')}` })
  reasonCode!: EmergencyReason;

  @ApiProperty({
    description: 'For the auditors of the organisation that reviews the case, and nobody else.',
  })
  @Matches(/^[^\p{Cc}]{1,1000}$/u, reasonMessage)
  @MaxLength(REASON_MAX, reasonMessage)
  reason!: string;

  @ApiPropertyOptional({ description: 'How long records can be read under the case; 3 if not given.' })
  @IsOptional()
  @IsInt(hoursMessage)
  @Min(1, hoursMessage)
  @Max(HOURS_MAX, hoursMessage)
  hours?: number;
}

export class CloseEmergencyRequest {
  @ApiProperty({ enum: EMERGENCY_VERDICTS })
  @IsIn(EMERGENCY_VERDICTS, { message: `send ${EMERGENCY_VERDICTS.join(' or ')}` })
  verdict!: EmergencyVerdict;
}
