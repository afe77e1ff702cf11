import { invalid } from '../http/problem.js';
import type { Organization } from '../organizations/organization.js';

/** @throws ProblemException 400 naming `doctorId` unless it is an active doctor of this hospital */
export async function requireDoctor(organization: Organization, doctorId: string): Promise<void> {
  const rows = await organization.database.query(
    `SELECT staff_id FROM staff WHERE staff_id = $1 AND msp_id = $2 AND role = 'doctor' AND status = 'active'`,
    [doctorId, organization.mspId],
  );
  if (rows.length === 0)
    throw invalid('doctorId', 'is none of this hospital’s doctors: send an id that GET /doctors lists.');
}
