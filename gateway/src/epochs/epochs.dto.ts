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
/** A header is some kilobytes; a request is limited to 8 MB altogether. */
const HEADER_CHARACTERS_MAX = 96_000;
export const SLOTS_MAX = 50;

export class NextScopeKeyRequest {
  @ApiProperty({ description: 'The next one of the scope.' })
  @IsInt({ message: 'send a whole number from 2' })
  @Min(2, { message: 'send a whole number from 2' })
  @Max(EPOCH_MAX, { message: 'send a whole number from 2' })
  epoch!: number;

  @ApiProperty({ description: 'Compressed BLS12-381 G1 point, hex.' })
  @Matches(/^[0-9a-f]{96}$/, { message: 'send a compressed G1 point as 96 lower-case hex characters' })
  publicKey!: string;
}

export class NewSlotRequest {
  @ApiProperty()
  @Matches(/^[0-9a-f]{32}$/, { message: 'send a recordId that GET /scopes/slots answered' })
  recordId!: string;

  @ApiProperty()
  @IsInt({ message: 'send a whole number from 1' })
  @Min(1, { message: 'send a whole number from 1' })
  @Max(EPOCH_MAX, { message: 'send a whole number from 1' })
  version!: number;

  @ApiProperty({ description: 'Base64 of the header with one more slot, and all else as it was.' })
  @IsBase64({}, { message: 'send base64' })
  @MaxLength(HEADER_CHARACTERS_MAX, { message: `send at most ${HEADER_CHARACTERS_MAX} characters` })
  header!: string;
}

export class NewSlotsRequest {
  @ApiProperty({ type: [NewSlotRequest] })
  @IsArray({ message: 'send one slot or more' })
  @ArrayMinSize(1, { message: 'send one slot or more' })
  @ArrayMaxSize(SLOTS_MAX, { message: `send at most ${SLOTS_MAX} slots` })
  @ValidateNested({ each: true })
  @Type(() => NewSlotRequest)
  slots!: NewSlotRequest[];
}
