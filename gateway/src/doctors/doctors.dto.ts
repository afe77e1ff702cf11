import { IsEmail, IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';

/** 6 to 15 digits, as E.164 has them, without sign or spaces. */
export const PHONE = /^\d{6,15}$/;
const PHONE_MESSAGE = { message: 'contactNo must be 6 to 15 digits' };

export class CreateDoctorDto {
  @IsString()
  @Length(1, 200)
  name: string;

  @IsString()
  @Length(1, 200)
  specialization: string;

  @IsOptional()
  @IsString()
  @Matches(PHONE, PHONE_MESSAGE)
  contactNo?: string;

  @IsOptional()
  @IsEmail()
  @MaxLength(254)
  email?: string;

  @IsOptional()
  @IsString()
  @Length(1, 500)
  address?: string;
}

export class ChangeDoctorDto {
  @IsOptional()
  @IsString()
  @Length(1, 200)
  name?: string;

  @IsOptional()
  @IsString()
  @Length(1, 200)
  specialization?: string;

  /** Null removes it. */
  @IsOptional()
  @IsString()
  @Matches(PHONE, PHONE_MESSAGE)
  contactNo?: string | null;

  @IsOptional()
  @IsEmail()
  @MaxLength(254)
  email?: string | null;

  @IsOptional()
  @IsString()
  @Length(1, 500)
  address?: string | null;
}
