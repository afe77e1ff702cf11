import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBase64,
  IsInt,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';

const EPOCH_MAX = 0xffff_ffff;
const AGENTS_MAX = 16;
const epochMessage = { message: 'send a whole number from 1' };

export class ReaderKeyRequest {
  @ApiProperty({ description: 'Compressed G2 point, hex.' })
  @Matches(/^[0-9a-f]{192}$/, { message: 'send a compressed G2 point as 192 lower-case hex characters' })
  publicKey!: string;

  @ApiProperty({ description: 'Proof of possession over MSP id and certificate.' })
  @Matches(/^[0-9a-f]{128}$/, { message: 'send the proof as 128 lower-case hex characters' })
  proof!: string;

  @ApiProperty({ description: 'The next one of the caller’s key.' })
  @IsInt(epochMessage)
  @Min(1, epochMessage)
  @Max(EPOCH_MAX, epochMessage)
  epoch!: number;
}

export class GuardianReadRequest {
  @ApiProperty()
  @Matches(/^[0-9a-f]{32}$/, { message: 'send the consentId of the owner’s consent to you' })
  consentId!: string;
}

export class SignedQuestion {
  @ApiProperty()
  @MaxLength(64, { message: 'send the mspId of the question' })
  mspId!: string;

  @ApiProperty({ description: 'Base64, as the question came.' })
  @IsBase64({}, { message: 'send base64' })
  @MaxLength(64_000, { message: 'send the proposal as it came' })
  proposal!: string;

  @ApiProperty({ description: 'Base64 of a low-S DER signature over SHA-256 of the question’s bytes.' })
  @IsBase64({}, { message: 'send base64' })
  @MaxLength(200, { message: 'send base64 of a DER signature' })
  signature!: string;
}

export class GuardianAnswersRequest extends GuardianReadRequest {
  @ApiProperty()
  @Matches(/^[0-9a-f]{64}$/, { message: 'send the receiptId that the read answered' })
  receiptId!: string;

  @ApiProperty()
  @IsInt(epochMessage)
  @Min(1, epochMessage)
  @Max(EPOCH_MAX, epochMessage)
  version!: number;

  @ApiProperty({ type: [SignedQuestion] })
  @IsArray({ message: 'send the signed questions' })
  @ArrayMinSize(1, { message: 'send the signed questions' })
  @ArrayMaxSize(AGENTS_MAX, { message: `send at most ${AGENTS_MAX}` })
  @ValidateNested({ each: true })
  @Type(() => SignedQuestion)
  questions!: SignedQuestion[];
}
