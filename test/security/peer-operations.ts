import { createPrivateKey, sign } from 'node:crypto';
import { canonicalJson, fromBase64, toBase64, toLowS } from '@medseal/crypto';
import type { Identity, PeerCall } from './peers';
import {
  type Actor,
  encounterValues,
  otherThan,
  patientEntry,
  random,
  registrationValues,
  sealEntry,
  staffEntry,
  type Target,
  type World,
} from './world';

export interface PeerOperation {
  /** A call that nothing but the caller's missing right stops; arguments and transient data are the caller's own. */
  call(world: World, actor: Actor): PeerCall;
  /** Under which certificate, if not the actor's usual one. */
  identity?(world: World, actor: Actor): Identity;
  /** What of the answer's protected parts is there. */
  sees?(value: unknown): string[];
}

export const targetOf = (world: World, actor: Actor): Target =>
  actor.name.startsWith('treating-') ? world.shared : world.unshared;

const json = canonicalJson;
const call = (fn: string, args: string[] = [], transient?: PeerCall['transient']): PeerCall => ({
  fn,
  args,
  transient,
});
const atCustodian = (fn: string, args: string[] = [], transient?: PeerCall['transient']): PeerCall => ({
  ...call(fn, args, transient),
  chaincode: 'custodian',
});
const anyValue = (value: unknown): string[] => (value === null ? [] : ['value']);

const organizationKey = (world: World, actor: Actor, mspId: string): PeerCall => {
  const key = { mspId, kind: 'agent', epoch: (world.keyEpochs[mspId] ?? 0) + 1, publicKey: random(32) };
  return call('registry:putOrganizationKey', [json({ ...key, ...signedBy(actor, key) })]);
};

const authorities = (actor: Actor): PeerCall => {
  const statement = { mspId: 'CityMSP', authorities: [random(32)] };
  return call('registry:certifyAuthorities', [json({ ...statement, ...signedBy(actor, statement) })]);
};

const signedBy = ({ identity }: Actor, statement: object): { certificate: string; signature: string } => {
  const signer = createPrivateKey({ key: identity.key, format: 'jwk' });
  const signature = toLowS(sign('sha256', Buffer.from(json(statement)), signer));
  return { certificate: identity.certificate, signature: toBase64(signature) };
};

const staffPrivate = (mspId: string): PeerCall =>
  call('registry:putStaffPrivate', [random(32)], { entry: json(staffEntry(mspId)) });

const patientPrivate = (mspId: string): PeerCall => {
  const entry = patientEntry(mspId);
  const values = registrationValues(entry.ledgerId);
  return call('registry:registerPatientPrivate', [random(32)], {
    entry: json(entry),
    private: json(values),
  });
};

const putStaff = ({ staffAnnounced }: World, mspId: string): PeerCall => {
  const { businessId, entry } = staffAnnounced[mspId]!;
  return call('registry:putStaff', [businessId, json(entry)]);
};

const registerPatient = ({ patientAnnounced }: World, mspId: string): PeerCall => {
  const { businessId, entry } = patientAnnounced[mspId]!;
  return call('registry:registerPatient', [businessId, mspId, json(entry)]);
};

const closeEncounter = ({ visits, unshared }: World, mspId: string): PeerCall => {
  const visit = visits[mspId] ?? { key: `visit/${unshared.ledgerId}/${random(16)}`, replaces: random(32) };
  return call('registry:closeEncounter', [], {
    private: json([{ ...visit, value: toBase64(Buffer.from('closed')) }]),
  });
};

/** With an encounter that is open at Lakeside for the shared patient: for another patient it entitles to nothing. */
const create = (
  world: World,
  actor: Actor,
  version: number,
  recordId: string,
  namesEncounter = actor.mspId === 'LakesideMSP',
): PeerCall => {
  const { ledgerId } = targetOf(world, actor);
  const slot = JSON.parse(world.keySlot.argument) as { scopeId: string; epoch: number };
  const scope =
    ledgerId === world.shared.ledgerId
      ? { scopeId: '0'.repeat(32), epoch: 0 }
      : { scopeId: slot.scopeId, epoch: slot.epoch };
  return call(
    'records:create',
    [random(32), json({ recordId, version, ledgerId, ...scope })],
    namesEncounter ? { encounter: world.shared.lakesideEncounterId } : undefined,
  );
};

const receipt = (world: World, actor: Actor, basis: string): PeerCall =>
  call('access:receipt', [random(32), json({ recordIds: [targetOf(world, actor).recordId], basis })]);

const receivingKey = ({ receivingEpochs }: World, subject: string): PeerCall =>
  call('registry:registerReceivingKey', [random(32), String((receivingEpochs[subject] ?? 0) + 1)]);

const seal = (businessId: string, entry: Record<string, unknown>): PeerCall =>
  call('records:seal', [businessId, 'CityMSP', json(entry)]);

const unknown = (fn: string, args: string[] = []): Record<string, PeerOperation> => ({
  '': { call: () => call(fn, args) },
});

/** By `operation` and `on` of the matrix. */
export const peerOperations: Readonly<Record<string, Readonly<Record<string, PeerOperation>>>> = {
  'registry:setParameters': {
    'the next version': {
      call: ({ parametersVersion }) =>
        call('registry:setParameters', [
          json({ policyVersion: parametersVersion + 1, recordSteps: ['chain'] }),
        ]),
    },
  },
  'registry:admitOrganization': {
    '': {
      call: ({ organizations }) =>
        call('registry:admitOrganization', [
          json(organizations.find(({ mspId }) => mspId === 'LakesideMSP')),
        ]),
    },
  },
  'registry:putOrganizationKey': {
    'of the own organisation': { call: (world, actor) => organizationKey(world, actor, actor.mspId) },
    'of another organisation': {
      call: (world, actor) => organizationKey(world, actor, otherThan(actor.mspId)),
    },
  },
  'registry:certifyAuthorities': { '': { call: (_, actor) => authorities(actor) } },
  'registry:putStaffPrivate': {
    'of the own organisation': { call: (_, { mspId }) => staffPrivate(mspId) },
    'of another organisation': { call: (_, { mspId }) => staffPrivate(otherThan(mspId)) },
    'of somebody whom City revoked': {
      call: ({ actors }) => {
        const { subject: staffId, mspId, role } = actors['revoked']!;
        // Made, revoked, and now active again.
        const entry = { staffId, mspId, role, status: 'active', version: 3 };
        return call('registry:putStaffPrivate', [random(32)], { entry: json(entry) });
      },
    },
  },
  'registry:putStaff': {
    'announced in the own organisation': { call: (world, { mspId }) => putStaff(world, mspId) },
    'announced in another organisation': { call: (world, { mspId }) => putStaff(world, otherThan(mspId)) },
    'not announced': {
      call: (_, { mspId }) => call('registry:putStaff', [random(32), json(staffEntry(mspId))]),
    },
    'announced with other contents': {
      call: ({ staffAnnounced }, { mspId }) =>
        call('registry:putStaff', [staffAnnounced[mspId]!.businessId, json(staffEntry(mspId))]),
    },
  },
  'registry:setStaffStatus': {
    'of a doctor of City': {
      call: ({ doctor }) => call('registry:setStaffStatus', [doctor.id, 'suspended']),
    },
    'of somebody whom City revoked': {
      call: ({ actors }) => call('registry:setStaffStatus', [actors['revoked']!.subject, 'active']),
    },
  },
  'registry:registerReceivingKey': {
    "the caller's next": { call: (world, { subject }) => receivingKey(world, subject) },
    "a patient's; City's administrator with a certificate in the patient's name": {
      identity: ({ falseAdministrator }, { name, identity }) =>
        name === 'city-admin' ? falseAdministrator : identity,
      call: (world, { name, subject }) =>
        receivingKey(world, name === 'city-admin' ? world.unshared.ledgerId : subject),
    },
  },
  'registry:registerPatientPrivate': {
    'of the own hospital': { call: (_, { mspId }) => patientPrivate(mspId) },
    'of another hospital': { call: (_, { mspId }) => patientPrivate(otherThan(mspId)) },
  },
  'registry:registerPatient': {
    'announced in the own hospital': { call: (world, { mspId }) => registerPatient(world, mspId) },
    'announced in another hospital': {
      call: (world, { mspId }) => registerPatient(world, mspId === 'LakesideMSP' ? 'CityMSP' : 'LakesideMSP'),
    },
    'not announced': {
      call: (_, { mspId }) =>
        call('registry:registerPatient', [random(32), mspId, json(patientEntry(mspId))]),
    },
  },
  'registry:updatePatientPrivate': {
    'of City': {
      call: ({ updateAnnounced }) =>
        call('registry:updatePatientPrivate', [random(32)], {
          entry: json(updateAnnounced.entry),
          private: '[]',
        }),
    },
  },
  'registry:updatePatient': {
    'announced in City': {
      call: ({ updateAnnounced }) =>
        call('registry:updatePatient', [updateAnnounced.businessId, 'CityMSP', json(updateAnnounced.entry)]),
    },
    'not announced': {
      call: ({ updateAnnounced }) =>
        call('registry:updatePatient', [random(32), 'CityMSP', json(updateAnnounced.entry)]),
    },
  },
  'registry:activatePatient': {
    'a keyless patient of City': {
      identity: ({ keyless }, actor) => (actor.name === 'owner' ? keyless.identity : actor.identity),
      call: ({ keyless }) => {
        // Two points of G1: any public keys do.
        const [first, second] = G1_POINTS;
        return call('registry:activatePatient', [
          json({
            ledgerId: keyless.ledgerId,
            receivingKey: random(32),
            scopes: [
              { scopeId: keyless.scopes.general, epoch: 1, publicKey: first },
              { scopeId: keyless.scopes.sensitive, epoch: 1, publicKey: second },
            ],
          }),
        ]);
      },
    },
  },
  'registry:advanceScope': { 'a malformed one': { call: () => call('registry:advanceScope', ['{}']) } },
  'registry:openEncounter': {
    'at the own hospital': {
      call: (world, actor) =>
        call('registry:openEncounter', [], {
          private: json(encounterValues(targetOf(world, actor).ledgerId, random(16))),
        }),
    },
  },
  'registry:closeEncounter': {
    'of the own hospital': { call: (world, { mspId }) => closeEncounter(world, mspId) },
    'of another hospital': {
      call: (world, { mspId }) => closeEncounter(world, mspId === 'LakesideMSP' ? 'CityMSP' : 'LakesideMSP'),
    },
  },
  'registry:getOrganizations': { '': { call: () => call('registry:getOrganizations') } },
  'registry:getOrganizationKeys': {
    'of City': { call: () => call('registry:getOrganizationKeys', ['CityMSP']) },
  },
  'registry:getOrganizationAuthorities': { '': { call: () => call('registry:getOrganizationAuthorities') } },
  'registry:getParameters': { '': { call: () => call('registry:getParameters') } },
  'registry:getStaff': {
    'a doctor of City': { call: ({ doctor }) => call('registry:getStaff', [doctor.id]) },
  },
  'registry:getStaffDetails': {
    'a doctor of City': {
      call: ({ doctor }) => call('registry:getStaffDetails', ['CityMSP', doctor.id]),
      sees: anyValue,
    },
  },
  'registry:getReceivingKey': {
    'of a doctor of City': { call: ({ doctor }) => call('registry:getReceivingKey', [doctor.id]) },
  },
  'registry:getPatient': {
    '': { call: (world, actor) => call('registry:getPatient', [targetOf(world, actor).ledgerId]) },
  },
  'registry:getPrivate': {
    'demographics of a patient of City': {
      call: (world, actor) =>
        call('registry:getPrivate', [json([`demographics/${targetOf(world, actor).ledgerId}/identity`])]),
      sees: (value) => (Object.values(value as object).some((one) => one !== null) ? ['value'] : []),
    },
    'raw ranges': { call: () => call('registry:getPrivate', [json(['demographics/', 'number/~'])]) },
  },
  'registry:getBusiness': {
    'of City': {
      call: ({ receipt: { businessId } }) => call('registry:getBusiness', [businessId]),
      sees: anyValue,
    },
  },
  'registry:hasPending': {
    'in the own organisation': {
      call: ({ staffAnnounced }, { mspId }) =>
        call('registry:hasPending', [mspId, staffAnnounced[mspId]!.businessId]),
    },
    'in another organisation': {
      call: ({ staffAnnounced }, { mspId }) =>
        call('registry:hasPending', [otherThan(mspId), staffAnnounced[otherThan(mspId)]!.businessId]),
    },
  },
  'records:create': {
    'a new record': { call: (world, actor) => create(world, actor, 1, random(16)) },
    'a new record; no encounter named': {
      call: (world, actor) => create(world, actor, 1, random(16), false),
    },
    "the next version of the author's": {
      call: (world, actor) => create(world, actor, 2, targetOf(world, actor).recordId),
    },
  },
  'records:sealPrivate': {
    "the author's": {
      call: ({ records: { created }, actors }) =>
        call('records:sealPrivate', [random(32), created, '1'], {
          entry: json(sealEntry(created, actors['author']!.subject)),
        }),
    },
    "the author's; sealed in another's name": {
      call: ({ records: { created }, actors }) =>
        call('records:sealPrivate', [random(32), created, '1'], {
          entry: json(sealEntry(created, actors['city-doctor']!.subject)),
        }),
    },
  },
  'records:seal': {
    "the author's and announced": {
      call: ({ sealAnnounced: { businessId, entry } }) => seal(businessId, entry),
    },
    "the author's and not announced": {
      call: ({ sealAnnounced: { entry } }) => seal(random(32), entry),
    },
  },
  'records:chain': {
    "the author's": { call: ({ records }) => call('records:chain', [records.sealed, '1']) },
  },
  'records:addKeySlot': {
    "of another scope for City's record": {
      call: ({ keySlot: { argument, capsule } }) =>
        call('records:addKeySlot', [random(32), argument], { capsule: fromBase64(capsule) }),
    },
  },
  'records:get': {
    '': { call: (world, actor) => call('records:get', [targetOf(world, actor).recordId]) },
  },
  'records:getVersion': {
    '': { call: (world, actor) => call('records:getVersion', [targetOf(world, actor).recordId, '1']) },
  },
  'records:listByPatient': {
    '': { call: (world, actor) => call('records:listByPatient', [targetOf(world, actor).ledgerId]) },
    'a raw range': { call: () => call('records:listByPatient', ['\u0000record']) },
  },
  'access:receipt': {
    'as author': { call: (world, actor) => receipt(world, actor, 'author') },
    'as verifier': { call: (world, actor) => receipt(world, actor, 'verifier') },
    'for the sanitised file': { call: (world, actor) => receipt(world, actor, 'sanitized') },
    'for the title line': { call: (world, actor) => receipt(world, actor, 'titleLine') },
  },
  'access:getReceipt': {
    "of the author's reading": {
      call: ({ receipt: { receiptId } }) => call('access:getReceipt', [receiptId]),
      sees: anyValue,
    },
  },
  'access:listReceipts': {
    '': { call: (world, actor) => call('access:listReceipts', [targetOf(world, actor).ledgerId, '200', '']) },
    'a raw range': { call: () => call('access:listReceipts', ['', '200', '']) },
  },
  'consent:request': {
    '': { call: () => call('consent:request', [random(16)], { request: 'sealed' }) },
  },
  'consent:takeRequests': {
    'one that does not wait': { call: () => call('consent:takeRequests', [json([random(16)])]) },
  },
  'registry:putEmergencyKey': { 'a malformed key': { call: () => call('registry:putEmergencyKey', ['{}']) } },
  'registry:depositCustodianShare': {
    'of no key': { call: () => call('registry:depositCustodianShare', [random(32)], { share: 'sealed' }) },
  },
  'registry:getEmergencyKey': { '': { call: () => call('registry:getEmergencyKey', ['']) } },
  'access:depositReason': {
    '': { call: () => call('access:depositReason', [random(16)], { reason: 'sealed' }) },
  },
  'access:openEmergency': {
    'a malformed case': { call: () => call('access:openEmergency', [random(32), '{}']) },
    'without a grant': {
      call: (world, actor) =>
        call('access:openEmergency', [
          random(32),
          json({
            emergencyId: random(16),
            ledgerId: targetOf(world, actor).ledgerId,
            consentId: random(16),
            reasonCode: 'URGENT',
            until: null,
          }),
        ]),
    },
  },
  'access:closeEmergency': {
    'of no case': { call: () => call('access:closeEmergency', [random(16), 'justified']) },
  },
  'access:getEmergency': { 'of no case': { call: () => call('access:getEmergency', [random(16)]) } },
  'access:listEmergencies': { '': { call: () => call('access:listEmergencies', ['200', '']) } },
  'access:countEmergencies': { '': { call: () => call('access:countEmergencies', ['200', '']) } },
  'access:getEmergencyFacts': {
    'of no receipt': { call: () => call('access:getEmergencyFacts', [random(32), random(16), '1']) },
  },
  'custodian:getStatus': { '': { call: () => atCustodian('custodian:getStatus') } },
  'custodian:keepShare': {
    'of no key': { call: () => atCustodian('custodian:keepShare', [random(32)], { share: 'sealed' }) },
  },
  'custodian:answer': {
    'of no receipt': { call: () => atCustodian('custodian:answer', [random(32), random(16), '1']) },
  },
  'consent:deny': { '': { call: () => call('consent:deny', [random(16)]) } },
  'consent:chooseResearch': { '': { call: () => call('consent:chooseResearch', ['true']) } },
  'consent:getResearchChoice': {
    '': { call: (world, actor) => call('consent:getResearchChoice', [targetOf(world, actor).ledgerId]) },
  },
  'consent:deliver': {
    '': { call: () => call('consent:deliver', [random(16)], { delivery: 'sealed' }) },
  },
  'consent:takeOver': {
    'one that does not wait': { call: () => call('consent:takeOver', [random(16)]) },
  },
  'registry:requestErasure': {
    'of nobody': { call: () => call('registry:requestErasure', [random(16)]) },
    'of the patient': {
      call: (world, actor) => call('registry:requestErasure', [targetOf(world, actor).ledgerId]),
    },
  },
  'registry:purgePatient': {
    'of nobody': {
      call: () => call('registry:purgePatient', [random(16)], { keys: json([`held/${random(16)}`]) }),
    },
  },
  'registry:attestErasure': {
    'of nobody': { call: () => call('registry:attestErasure', [random(16)]) },
  },
  'registry:getErasure': { '': { call: () => call('registry:getErasure', [random(16)]) } },
  'consent:attestDataErased': {
    'of no consent': { call: () => call('consent:attestDataErased', [random(16), random(16)]) },
  },
  'consent:purgeHeld': { '': { call: () => call('consent:purgeHeld', [json([random(16)])]) } },
  'consent:getRequestAnswers': {
    '': { call: () => call('consent:getRequestAnswers', [random(16), '200', '']) },
  },
  'consent:listRequests': { '': { call: () => call('consent:listRequests', ['']) } },
  'consent:listDeliveries': { '': { call: () => call('consent:listDeliveries', ['']) } },
  'consent:registerKey': {
    'a malformed key': { call: () => call('consent:registerKey', ['x', 'x', '1']) },
  },
  'consent:putCareTeam': {
    'a malformed team': { call: () => call('consent:putCareTeam', ['{}']) },
  },
  'consent:grant': {
    'a malformed consent': { call: () => call('consent:grant', [random(32), '{}']) },
  },
  'consent:depositShare': {
    'of no consent': { call: () => call('consent:depositShare', [random(16)], { share: '{}' }) },
  },
  'consent:answerShare': {
    'of no consent': { call: () => call('consent:answerShare', [random(16), 'accepted', '']) },
  },
  'consent:complainOpening': {
    'of no consent': { call: () => call('consent:complainOpening', [random(16), random(16), '1']) },
  },
  'consent:revoke': { 'no consent': { call: () => call('consent:revoke', [random(16)]) } },
  'consent:purgeShare': { 'of no consent': { call: () => call('consent:purgeShare', [random(16)]) } },
  'consent:checkShare': { 'of no consent': { call: () => call('consent:checkShare', [random(16)]) } },
  'consent:reencrypt': {
    'without a receipt': {
      call: (world, actor) => call('consent:reencrypt', [random(32), targetOf(world, actor).recordId, '1']),
    },
    "with the author's receipt": {
      call: (world, actor) =>
        call('consent:reencrypt', [world.receipt.receiptId, targetOf(world, actor).recordId, '1']),
    },
  },
  'consent:getConsent': { 'no consent': { call: () => call('consent:getConsent', [random(16)]) } },
  'consent:listConsents': {
    '': {
      call: (world, actor) => call('consent:listConsents', [targetOf(world, actor).ledgerId, '200', '']),
    },
  },
  'consent:listConsentsTo': {
    'to another': { call: () => call('consent:listConsentsTo', [random(16), '200', '']) },
  },
  'consent:listOpeningComplaints': {
    'of no consent': { call: () => call('consent:listOpeningComplaints', [random(16), '200', '']) },
  },
  'consent:preview': {
    '': {
      call: (world, actor) =>
        call('consent:preview', [
          targetOf(world, actor).ledgerId,
          json({ kind: 'person', id: world.doctor.id }),
        ]),
    },
  },
  'consent:getConsentKey': { '': { call: () => call('consent:getConsentKey', [random(16)]) } },
  'consent:getCareTeam': { '': { call: () => call('consent:getCareTeam', [random(16)]) } },
  'integrity:putAuditParameters': {
    'malformed ones': { call: () => call('integrity:putAuditParameters', ['{}']) },
  },
  'integrity:depositMasterShare': {
    'of no version': {
      call: () => call('integrity:depositMasterShare', ['4294967295'], { share: 'sealed' }),
    },
  },
  'integrity:enrollIdentityKey': {
    'a malformed epoch': { call: () => call('integrity:enrollIdentityKey', ['x']) },
  },
  'integrity:revokeIdentityKey': {
    'of nobody': { call: () => call('integrity:revokeIdentityKey', [random(16)]) },
  },
  'integrity:extract': { 'a malformed epoch': { call: () => call('integrity:extract', ['x']) } },
  'integrity:blind': {
    'a malformed one': { call: () => call('integrity:blind', [random(32), '{}']) },
  },
  'integrity:sanitize': {
    'a malformed one': { call: () => call('integrity:sanitize', [random(32), '{}']) },
  },
  'integrity:returnPackage': {
    'a malformed one': { call: () => call('integrity:returnPackage', [random(32), '{}']) },
  },
  'integrity:upload': {
    'a malformed one': { call: () => call('integrity:upload', [random(32), '{}']) },
  },
  'integrity:attest': {
    'a malformed one': { call: () => call('integrity:attest', [random(32), '{}']) },
  },
  'integrity:openAudit': {
    'of no record': {
      call: () => call('integrity:openAudit', [random(32), random(16), '1', 'sealed', random(32)]),
    },
  },
  'integrity:contribute': {
    'to no audit': { call: () => call('integrity:contribute', [random(32), random(32)]) },
  },
  'integrity:reveal': {
    'of no audit': { call: () => call('integrity:reveal', [random(32), random(32)]) },
  },
  'integrity:prove': { 'of no audit': { call: () => call('integrity:prove', [random(32), 'x']) } },
  'integrity:expire': { 'of no audit': { call: () => call('integrity:expire', [random(32)]) } },
  'integrity:getAudit': { 'of no audit': { call: () => call('integrity:getAudit', [random(32)]) } },
  'integrity:listAudits': { '': { call: () => call('integrity:listAudits', ['{}', '200', '']) } },
  'integrity:countAudits': { '': { call: () => call('integrity:countAudits', ['200', '']) } },
  'integrity:getLastProven': {
    'of no record': { call: () => call('integrity:getLastProven', [random(16)]) },
  },
  'integrity:getAuditParameters': { '': { call: () => call('integrity:getAuditParameters', ['']) } },
  'integrity:getIdentityKey': { '': { call: () => call('integrity:getIdentityKey', [random(16)]) } },
  'org.hyperledger.fabric:GetMetadata': {
    'names only': { call: () => call('org.hyperledger.fabric:GetMetadata') },
  },
  '(no contract) getPatient': unknown('getPatient', [random(16)]),
  '(another contract) records:getPrivate': unknown('records:getPrivate', ['[]']),
  '(another contract) access:setStaffStatus': unknown('access:setStaffStatus', [random(16), 'revoked']),
  '(unknown) registry:getStateByRange': unknown('registry:getStateByRange', ['', '']),
  '(unknown) registry:purgePrivateData': unknown('registry:purgePrivateData', [random(16)]),
  '(method of the base class) registry:aroundTransaction': unknown('registry:aroundTransaction', ['a', 'b']),
  '(method of the base class) registry:createContext': unknown('registry:createContext'),
  '(property of every object) registry:constructor': unknown('registry:constructor'),
};

/** The generator of G1 of BLS12-381 and its negative, compressed. */
const G1_POINTS = [
  '97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb',
  'b7f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb',
];
