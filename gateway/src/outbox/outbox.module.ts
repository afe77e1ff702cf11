import { Global, Module } from '@nestjs/common';
import { Jobs } from './jobs.js';
import { TwoPartActs } from './two-part-act.js';

@Global()
@Module({ providers: [TwoPartActs, Jobs], exports: [TwoPartActs, Jobs] })
export class OutboxModule {}
