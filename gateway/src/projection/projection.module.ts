import { Global, Module } from '@nestjs/common';
import { Projections } from './projections.js';

/** Read models; needs `OrganizationRegistry`. */
@Global()
@Module({ providers: [Projections], exports: [Projections] })
export class ProjectionModule {}
