import { ValidateBy, type ValidationOptions } from 'class-validator';
import { isDate } from '../records/document/validate-document.js';

/** YYYY-MM-DD of a day that exists. */
export const IsCalendarDate = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    { name: 'isCalendarDate', validator: { validate: isDate } },
    { message: 'write a date of the calendar as YYYY-MM-DD', ...options },
  );

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** An instant of RFC 3339, or a day. */
export const isDateOrInstant = (value: unknown): value is string =>
  isDate(value) ||
  (typeof value === 'string' &&
    INSTANT.test(value) &&
    isDate(value.slice(0, 10)) &&
    !Number.isNaN(Date.parse(value)));

export const IsDateOrInstant = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    { name: 'isDateOrInstant', validator: { validate: isDateOrInstant } },
    { message: 'write an instant as 2020-02-29T09:30:00Z, or a date as YYYY-MM-DD', ...options },
  );
