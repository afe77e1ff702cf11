import { Module } from '@nestjs/common';
import { OpenChoices } from './open-choices.js';

@Module({ providers: [OpenChoices], exports: [OpenChoices] })
export class OpenChoicesModule {}
