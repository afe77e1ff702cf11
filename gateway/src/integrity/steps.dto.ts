import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import {
  ATTEST_RETURN_REASONS,
  type AttestReturnReason,
  PACKAGE_RETURN_REASONS,
  type PackageReturnReason,
} from '@medseal/chaincode';

const ROUND_MAX = 0xffff_ffff;
const roundMessage = 'send the round that you looked at, a whole number from 1';

class RoundRequest {
  @ApiPropertyOptional({ description: 'The round that was looked at; another one is refused.' })
  @IsOptional()
  @IsInt({ message: roundMessage })
  @Min(1, { message: roundMessage })
  @Max(ROUND_MAX, { message: roundMessage })
  round?: number;
}

export class SanitizeRequest extends RoundRequest {
  @ApiPropertyOptional({
    enum: PACKAGE_RETURN_REASONS,
    description: 'Gives the package back to the author instead of sanitising it.',
  })
  @IsOptional()
  @IsIn(PACKAGE_RETURN_REASONS, { message: `use one of ${PACKAGE_RETURN_REASONS.join(', ')}` })
  return?: PackageReturnReason;
}

export class AttestRequest extends RoundRequest {
  @ApiPropertyOptional({
    enum: ATTEST_RETURN_REASONS,
    description: 'Gives the record back to the author instead of approving it.',
  })
  @IsOptional()
  @IsIn(ATTEST_RETURN_REASONS, { message: `use one of ${ATTEST_RETURN_REASONS.join(', ')}` })
  return?: AttestReturnReason;
}
