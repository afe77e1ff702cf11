import { HttpException, HttpStatus } from '@nestjs/common';
import type { Signing } from '../transactions/device-acts.js';

/** A question to one organisation that a device has to sign; nothing is written by it. */
export interface Question extends Signing {
  mspId: string;
}

/** With `repeat: true` the body of a 202: what the caller's device has to sign before the same request, sent again, can go on. */
export type ToSign = { signing: Signing } | { questions: readonly Question[] };

/** Not a failure: the request stops here and goes on when it is repeated with its Idempotency-Key. */
export class SigningNeeded extends HttpException {
  constructor(readonly toSign: ToSign) {
    super('to be signed', HttpStatus.ACCEPTED);
  }
}
