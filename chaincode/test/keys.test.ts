import { ChaincodeStub } from 'fabric-shim';
import fc from 'fast-check';
import { parsePrivateKey, parseWorldKey, privateKeys, WORLD_KEY_TYPES, worldKeys } from '../src/ledger/keys';

const { createCompositeKey } = ChaincodeStub.prototype;
const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const mspId = fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,20}$/);

const worldKey = fc.oneof(
  fc.constant(worldKeys.ministry()),
  fc.constant(worldKeys.parameters()),
  mspId.map(worldKeys.organization),
  fc
    .tuple(mspId, fc.constantFrom('custodian' as const, 'handover' as const))
    .map(([m, kind]) => worldKeys.organizationKey(m, kind)),
  fc.nat().map((n) => worldKeys.parametersOf(n + 1)),
  hex(32).map(worldKeys.staff),
  hex(32).map(worldKeys.patient),
  fc.tuple(hex(32), fc.nat()).map(([id, n]) => worldKeys.recordVersion(id, n + 1)),
  fc.tuple(hex(32), hex(64), hex(32)).map(([a, b, c]) => worldKeys.receiptOf(a, b, c)),
  fc.tuple(mspId, hex(64)).map(([m, id]) => worldKeys.business(m, id)),
  hex(32).map(worldKeys.consentKey),
  hex(32).map(worldKeys.careTeam),
  hex(32).map(worldKeys.consent),
  fc.tuple(hex(32), hex(32)).map(([a, b]) => worldKeys.consentOf(a, b)),
  fc.tuple(hex(32), hex(32)).map(([a, b]) => worldKeys.consentTo(a, b)),
  fc.tuple(hex(32), hex(32)).map(([a, b]) => worldKeys.consentAnswer(a, b)),
  fc.tuple(hex(32), mspId).map(([id, m]) => worldKeys.shareAnswer(id, m)),
  hex(64).map(worldKeys.sharePoint),
  fc.tuple(hex(32), hex(32), fc.nat()).map(([a, b, n]) => worldKeys.openingComplaint(a, b, n + 1)),
  hex(32).map(worldKeys.researchChoice),
  hex(32).map(worldKeys.erasure),
  fc.tuple(hex(32), mspId).map(([id, m]) => worldKeys.erasureAttestation(id, m)),
  hex(32).map(worldKeys.dataErasure),
  fc.constant(worldKeys.auditParameters()),
  fc.nat().map((n) => worldKeys.auditParametersOf(n + 1)),
  hex(32).map(worldKeys.identityKey),
  hex(64).map(worldKeys.tagUse),
  hex(64).map(worldKeys.audit),
  fc.tuple(hex(32), hex(13), hex(64)).map(([a, b, c]) => worldKeys.auditOf(a, b, c)),
  fc.tuple(mspId, hex(13), hex(64)).map(([m, b, c]) => worldKeys.auditFor(m, b, c)),
  fc
    .tuple(hex(32), fc.nat(), fc.constantFrom('sealed' as const, 'sanitized' as const), hex(13), hex(64))
    .map(([id, n, kind, b, c]) => worldKeys.auditProven(id, n + 1, kind, b, c)),
);

test('world keys are the composite keys that the shim makes, and are read back', () => {
  fc.assert(
    fc.property(worldKey, ({ raw, type, parts }) => {
      expect(raw).toBe(createCompositeKey(type, [...parts]));
      expect(parseWorldKey(raw)).toEqual({ type, parts: [...parts] });
    }),
  );
});

test('no type is the beginning of another key: a scan of one type meets no other', () => {
  for (const type of WORLD_KEY_TYPES) {
    const prefix = createCompositeKey(type, []);
    for (const other of WORLD_KEY_TYPES) {
      if (other !== type) expect(createCompositeKey(other, ['x']).startsWith(prefix)).toBe(false);
    }
  }
});

test('keys that are none of ours are not read', () => {
  for (const raw of [
    '',
    'organization',
    '\0',
    '\0\0',
    '\0unknown\0x\0',
    '\0organization\0\0',
    'organization\0x\0',
  ]) {
    expect(parseWorldKey(raw)).toBeUndefined();
  }
});

test('private keys are read back, others refused', () => {
  const id = 'a1'.repeat(16);
  const key = 'b2'.repeat(32);
  const known = [
    privateKeys.number(key),
    privateKeys.demographics(id, 'identity'),
    privateKeys.scopes(id),
    privateKeys.encounter(id, id),
    privateKeys.visit(id, id),
    privateKeys.selector(id, 1),
    privateKeys.titleLine(id, 12),
    privateKeys.pending(key),
    privateKeys.consentRequest(id),
    privateKeys.share(id),
    privateKeys.delivery(id),
    privateKeys.held(id),
    privateKeys.masterShare(1),
  ];
  for (const text of known) {
    const parsed = parsePrivateKey(text);
    expect([parsed?.type, ...(parsed?.parts ?? [])].join('/')).toBe(text);
  }
  for (const text of [
    '',
    'number/1',
    `number/${key}/x`,
    `demographics/${id}/all`,
    `staff/CityMSP/${id}`,
    `selector/${id}/0`,
    `scopes/${id}\n`,
    'masterShare/0',
  ]) {
    expect(parsePrivateKey(text)).toBeUndefined();
  }
});
