import { IsIn, IsOptional, IsString, Length, Matches } from 'class-validator';
import type { StaffRole } from '@medseal/chaincode';
import { USERNAME } from '../auth/accounts.service.js';
import type { KeyHolder } from '../http/session-user.js';

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

const KEY_HOLDERS: readonly KeyHolder[] = ['gateway', 'device'];

/** Administrators' acts are not checked by devices yet, see `KEYS_ON_DEVICE`. */
export const DEVICE_ROLES: readonly StaffRole[] = [
  'doctor',
  'verifier',
  'sanitizer',
  'auditor',
  'researcher',
];

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

  /** `device`: a device of the person's own makes the keys at the first sign-in. `gateway` unless given. */
  @IsOptional()
  @IsIn(KEY_HOLDERS)
  keyHolder?: KeyHolder;
}

export class ChangeUserDto {
  @IsOptional()
  @IsIn(USER_ACTIONS)
  action?: UserAction;

  /** With `reset`: who holds the new keys; as before unless given. */
  @IsOptional()
  @IsIn(KEY_HOLDERS)
  keyHolder?: KeyHolder;

  @IsOptional()
  @IsString()
  @Length(1, 200)
  displayName?: string;
}
