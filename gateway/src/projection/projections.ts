import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { OrganizationRegistry, type Organization } from '../organizations/organization.js';
import { Projection } from './projection.js';

/** The read models of the organisations that this process serves. */
@Injectable()
export class Projections implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(Projections.name);
  private readonly byMsp = new Map<string, Projection>();

  constructor(private readonly organizations: OrganizationRegistry) {}

  async onModuleInit(): Promise<void> {
    for (const organization of this.organizations.all()) {
      const projection = new Projection(organization, (message) => this.logger.warn(message));
      this.byMsp.set(organization.mspId, projection);
      organization.attachProjection(projection);
      await projection.start();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.byMsp.values()].map((projection) => projection.stop()));
  }

  of(organization: Pick<Organization, 'mspId'>): Projection {
    const projection = this.byMsp.get(organization.mspId);
    if (!projection) throw new Error(`${organization.mspId} has no read model yet.`);
    return projection;
  }
}
