import type { NextFunction, Request, Response } from 'express';
import { invalid } from './problem.js';

/** Deeper than any FHIR document; functions that recurse over a body stay far from the end of the stack. */
const DEPTH_MAX = 64;

/**
 * Refuses what no later part can read: text that is no Unicode or holds U+0000, which neither the ledger's canonical
 * JSON nor the database takes, and bodies nested without end. Goes behind the body parser.
 */
export const refuseUnreadable = (request: Request, _response: Response, next: NextFunction): void => {
  if (/%00/.test(request.url)) {
    next(invalid('path or query', 'must not contain the character U+0000: leave out %00.'));
    return;
  }
  next(fault(request.body));
};

interface Place {
  readonly value: unknown;
  readonly depth: number;
  readonly name: string;
  readonly parent: Place | undefined;
}

/** Walks without recursion: it is recursion that a hostile body wants. */
const fault = (body: unknown): Error | undefined => {
  const left: Place[] = [{ value: body, depth: 0, name: '', parent: undefined }];
  for (let place = left.pop(); place !== undefined; place = left.pop()) {
    const { value, depth } = place;
    if (typeof value === 'string') {
      if (!isReadable(value)) return invalid(fieldOf(place), 'must be Unicode text without U+0000.');
    } else if (typeof value === 'object' && value !== null) {
      if (depth === DEPTH_MAX) return invalid('body', `must not be nested deeper than ${DEPTH_MAX} levels.`);
      for (const [name, member] of Object.entries(value)) {
        if (!isReadable(name)) return invalid(fieldOf(place), 'must name its members in Unicode text.');
        left.push({ value: member, depth: depth + 1, name, parent: place });
      }
    }
  }
  return undefined;
};

const isReadable = (text: string): boolean => !/[\0\p{Cs}]/u.test(text);

const fieldOf = (place: Place): string => {
  const names: string[] = [];
  for (let at: Place | undefined = place; at?.parent !== undefined; at = at.parent) names.unshift(at.name);
  return names.length === 0 ? 'body' : names.join('.').slice(0, 200);
};
