import type { Request } from 'express';

/** Template of the matched route (`/api/v1/patients/:registrationNo`): what logs and metrics may name. */
export const routeOf = (request: Request): string => {
  const route = request.route as { path?: unknown } | undefined;
  return typeof route?.path === 'string' ? route.path : 'unmatched';
};
