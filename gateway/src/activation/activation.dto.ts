import { ApiProperty, IntersectionType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsObject,
  IsString,
  Length,
  Matches,
  MaxLength,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { USERNAME } from '../auth/accounts.service.js';
import { ChoicesRequest } from '../choices/choices.dto.js';
import { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN } from '../auth/passwords.js';

const EPOCH_MAX = 0xffff_ffff;

export class BeginActivationRequest {
  @ApiProperty({ description: 'Short name or MSP id of the home hospital.' })
  @IsString({ message: 'send the name of the hospital as GET /organizations gives it' })
  @MaxLength(64, { message: 'send the name of the hospital as GET /organizations gives it' })
  organization!: string;

  @ApiProperty({ description: 'As printed: 24 letters and digits; case and dashes do not matter.' })
  @IsString({ message: 'send the code of the letter' })
  @Length(1, 100, { message: 'send the code of the letter: 24 letters and digits' })
  activationCode!: string;
}

export class ScopeKeyRequest {
  @ApiProperty()
  @Matches(/^[0-9a-f]{32}$/, { message: 'send a scopeId that POST /auth/activate/begin answered' })
  scopeId!: string;

  @ApiProperty()
  @IsInt({ message: 'send 1' })
  @Min(1, { message: 'send 1' })
  @Max(1, { message: 'send 1: the first key of a scope has epoch 1' })
  epoch!: number;

  @ApiProperty({ description: 'Compressed BLS12-381 G1 point, hex.' })
  @Matches(/^[0-9a-f]{96}$/, { message: 'send a compressed G1 point as 96 lower-case hex characters' })
  publicKey!: string;
}

export class ReceivingKeyRequest {
  @ApiProperty()
  @IsInt({ message: 'send a whole number from 1' })
  @Min(1, { message: 'send a whole number from 1' })
  @Max(EPOCH_MAX, { message: 'send a whole number from 1' })
  epoch!: number;

  @ApiProperty({ description: 'X25519, hex.' })
  @Matches(/^[0-9a-f]{64}$/, { message: 'send an X25519 public key as 64 lower-case hex characters' })
  publicKey!: string;
}

/** The choices may come with it, or later. */
export class ActivateRequest extends IntersectionType(BeginActivationRequest, ChoicesRequest) {
  @ApiProperty()
  @Matches(USERNAME, { message: 'choose 3 to 64 letters, digits, dots, dashes or underscores' })
  username!: string;

  @ApiProperty()
  @IsString({ message: 'choose a password' })
  @Length(PASSWORD_LENGTH_MIN, PASSWORD_LENGTH_MAX, {
    message: `choose a password of ${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} characters`,
  })
  password!: string;

  @ApiProperty({ description: 'PKCS #10 in PEM, subject CN=<enrollmentId>, P-256.' })
  @IsString({ message: 'send a PKCS #10 request in PEM' })
  @MaxLength(4_000, { message: 'send a PKCS #10 request in PEM' })
  csr!: string;

  @ApiProperty({ type: [ScopeKeyRequest] })
  @IsArray({ message: 'send one key for each of the two scopes' })
  @ArrayMinSize(2, { message: 'send one key for each of the two scopes' })
  @ArrayMaxSize(2, { message: 'send one key for each of the two scopes' })
  @ValidateNested({ each: true })
  @Type(() => ScopeKeyRequest)
  scopeKeys!: ScopeKeyRequest[];

  @ApiProperty({ type: [ReceivingKeyRequest] })
  @IsArray({ message: 'send the device’s receiving key' })
  @ArrayMinSize(1, { message: 'send the device’s receiving key' })
  @ArrayMaxSize(1, { message: 'send one receiving key' })
  @ValidateNested({ each: true })
  @Type(() => ReceivingKeyRequest)
  receivingKeys!: ReceivingKeyRequest[];

  @ApiProperty({
    description: 'Blobs that only the passphrase opens, for example {seed}.',
    type: 'object',
    additionalProperties: true,
  })
  @IsObject({ message: 'send an object of blobs wrapped under the passphrase' })
  wrapped!: object;
}

export class KeyringRequest {
  @ApiProperty({
    description: 'Blobs that only the passphrase opens.',
    type: 'object',
    additionalProperties: true,
  })
  @IsObject({ message: 'send an object of blobs wrapped under the passphrase' })
  wrapped!: object;
}
