import { Module } from '@nestjs/common';
import { Keyrings } from './keyrings.js';

@Module({ providers: [Keyrings], exports: [Keyrings] })
export class KeyringsModule {}
