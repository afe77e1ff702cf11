import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, Matches } from 'class-validator';

const MEMBERS_MAX = 64;

export class CareTeamRequest {
  @ApiProperty({ type: [String], description: 'Staff ids of the own hospital.' })
  @IsArray({ message: 'send the staff ids of the members' })
  @ArrayMinSize(1, { message: 'send one member or more' })
  @ArrayMaxSize(MEMBERS_MAX, { message: `send at most ${MEMBERS_MAX} members` })
  @ArrayUnique({ message: 'name each member once' })
  @Matches(/^[0-9a-f]{16,64}$/, { each: true, message: 'send staff ids as GET /users gives them' })
  members!: string[];
}
