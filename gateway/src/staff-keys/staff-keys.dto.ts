import { ApiProperty } from '@nestjs/swagger';
import { IsObject, IsOptional, IsString, Matches, MaxLength } from 'class-validator';

export class CertificateRequest {
  @ApiProperty({ description: 'As GET /staff-keys answered it.' })
  @Matches(/^u-[0-9a-f]{20}$/, { message: 'send the enrollmentId that GET /staff-keys answered' })
  enrollmentId!: string;

  @ApiProperty({ description: 'PKCS #10 in PEM, subject CN=<enrollmentId>, P-256.' })
  @IsString({ message: 'send a PKCS #10 request in PEM' })
  @MaxLength(4_000, { message: 'send a PKCS #10 request in PEM' })
  csr!: string;

  @ApiProperty({
    description: 'Blobs that only the passphrase opens, for example {seed}.',
    type: 'object',
    additionalProperties: true,
  })
  @IsObject({ message: 'send an object of blobs wrapped under the passphrase' })
  wrapped!: object;
}

export class PublicKeysRequest {
  @ApiProperty({ description: 'X25519, hex.' })
  @Matches(/^[0-9a-f]{64}$/, { message: 'send an X25519 public key as 64 lower-case hex characters' })
  receivingKey!: string;

  @ApiProperty({ description: 'Of staff of hospitals: compressed G2 point, hex.', required: false })
  @IsOptional()
  @Matches(/^[0-9a-f]{192}$/, { message: 'send a compressed G2 point as 192 lower-case hex characters' })
  readerKey?: string;

  @ApiProperty({ description: 'Proof of possession of it, over MSP id and certificate.', required: false })
  @IsOptional()
  @Matches(/^[0-9a-f]{128}$/, { message: 'send the proof as 128 lower-case hex characters' })
  proof?: string;
}
