import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { problem, type FieldError } from './problem.js';

/** Bodies are exactly what their DTO says: unknown fields are refused, each error names its field. */
export const validationPipe = (): ValidationPipe =>
  new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    stopAtFirstError: true,
    validationError: { target: false, value: false },
    exceptionFactory: (failures) => {
      const errors = failures.flatMap((failure) => fieldErrors(failure, ''));
      const fields = errors.map(({ field }) => field).join(', ');
      return problem(
        400,
        'INVALID_REQUEST',
        `Correct these fields and send the request again: ${fields}.`,
        errors,
      );
    },
  });

const fieldErrors = (failure: ValidationError, path: string): FieldError[] => {
  const field = path === '' ? failure.property : `${path}.${failure.property}`;
  const own = Object.values(failure.constraints ?? {}).map((message) => ({ field, message }));
  return [...own, ...(failure.children ?? []).flatMap((child) => fieldErrors(child, field))];
};
