import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';
import { invalid } from '../http/problem.js';
import { OrganizationRegistry } from '../organizations/organization.js';
import { judge, type Judgement } from './judge.js';
import { PeerFacts } from './ledger-facts.js';
import { parseStatement, type Statement, StatementError } from './statement.js';

/** `checkedAt` is an RFC 3339 instant. */
export type VerifyAnswer = Judgement & { readonly checkedAt: string };

/** Anybody's question whether a receipt or document is what the ledger has. */
@Injectable()
export class VerifyService {
  constructor(
    private readonly organizations: OrganizationRegistry,
    private readonly clock: Clock,
  ) {}

  /**
   * @param body parsed JSON
   * @throws ProblemException 400 naming the field
   */
  async verify(body: unknown): Promise<VerifyAnswer> {
    // Every peer of the channel has the same world state; the first one answers.
    const [organization] = this.organizations.all();
    const judgement = await judge(statementOf(body), new PeerFacts(organization!));
    return { ...judgement, checkedAt: this.clock.date().toISOString() };
  }
}

function statementOf(body: unknown): Statement {
  try {
    return parseStatement(body);
  } catch (error) {
    if (error instanceof StatementError) throw invalid(error.field, `${error.what}.`);
    throw error;
  }
}
