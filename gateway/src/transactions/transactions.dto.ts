import { ApiProperty } from '@nestjs/swagger';
import { IsBase64, IsString, MaxLength } from 'class-validator';

export class SignRequest {
  @ApiProperty({ description: 'Base64 of a low-S DER signature over SHA-256 of the last `signing.bytes`.' })
  @IsString({ message: 'send base64 of a DER signature' })
  @MaxLength(200, { message: 'is too long: a P-256 signature in DER is at most 72 bytes' })
  @IsBase64({}, { message: 'send base64 of a DER signature' })
  signature!: string;
}
