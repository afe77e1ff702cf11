import { ApiExtraModels, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsObject, IsOptional, ValidateIf, ValidateNested } from 'class-validator';
import { GrantConsentRequest } from '../consents/consents.dto.js';

const message = { message: 'send the consent as the device made it, or false to withhold it' };
const grantOrFalse = {
  oneOf: [{ $ref: getSchemaPath(GrantConsentRequest) }, { type: 'boolean', enum: [false] }],
};

/** Each choice given, withheld, or left out. */
@ApiExtraModels(GrantConsentRequest)
export class ChoicesRequest {
  @ApiPropertyOptional({
    ...grantOrFalse,
    description: 'A consent to the home hospital’s treating team, or false.',
  })
  @IsOptional()
  @ValidateIf(({ standingConsent }: ChoicesRequest) => standingConsent !== false)
  @IsObject(message)
  @ValidateNested()
  @Type(() => GrantConsentRequest)
  standingConsent?: GrantConsentRequest | false;

  @ApiPropertyOptional({ description: 'Whether sanitised files may be used for research.' })
  @IsOptional()
  @IsBoolean({ message: 'send true or false' })
  researchConsent?: boolean;

  @ApiPropertyOptional({ ...grantOrFalse, description: 'A consent to the emergency key, or false.' })
  @IsOptional()
  @ValidateIf(({ emergencyGrant }: ChoicesRequest) => emergencyGrant !== false)
  @IsObject(message)
  @ValidateNested()
  @Type(() => GrantConsentRequest)
  emergencyGrant?: GrantConsentRequest | false;
}
