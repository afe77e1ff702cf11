import { IsIn, IsOptional, IsString, Length, Matches } from 'class-validator';
import type { StaffRole } from '@medseal/chaincode';
import { USERNAME } from '../auth/accounts.service.js';

export const STAFF_ROLES: readonly StaffRole[] = [
  'system-manager',
  'hospital-admin',
  'doctor',
  'verifier',
  'sanitizer',
  'auditor',
  'researcher',
];

export const USER_ACTIONS = ['suspend', 'resume', 'revoke', 'reset'] as const;
export type UserAction = (typeof USER_ACTIONS)[number];

export class CreateUserDto {
  @IsString()
  @Matches(USERNAME, { message: 'username must be 3 to 64 letters, digits, dots, dashes or underscores' })
  username: string;

  @IsIn(STAFF_ROLES)
  role: StaffRole;

  /** Only with role doctor: the doctor who gets this sign-in. */
  @IsOptional()
  @IsString()
  @Matches(/^[0-9a-f]{32,64}$/, { message: 'doctorId must be an id of GET /doctors' })
  doctorId?: string;

  @IsString()
  @Length(1, 200)
  displayName: string;
}

export class ChangeUserDto {
  @IsOptional()
  @IsIn(USER_ACTIONS)
  action?: UserAction;

  @IsOptional()
  @IsString()
  @Length(1, 200)
  displayName?: string;
}
