import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { AUDITED_KINDS, type AuditedKind } from '@medseal/chaincode';
import { IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';

const versionMessage = { message: 'send a whole number from 1' };

/** How many blocks are asked for, and which, is the ledger's rule: nothing else can be said here. */
export class OpenAuditRequest {
  @ApiProperty()
  @Matches(/^[0-9a-f]{32}$/, { message: 'send the id of a record: 32 lower-case hex characters' })
  recordId!: string;

  @ApiProperty({ enum: AUDITED_KINDS, description: 'The sealed record, or its sanitised document.' })
  @IsIn(AUDITED_KINDS, { message: `send ${AUDITED_KINDS.join(' or ')}` })
  kind!: AuditedKind;

  @ApiPropertyOptional({ description: 'The latest chained one if not given.' })
  @IsOptional()
  @IsInt(versionMessage)
  @Min(1, versionMessage)
  @Max(1_000_000_000, versionMessage)
  version?: number;
}
