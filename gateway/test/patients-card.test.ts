import { newSalt, toHex } from '@medseal/crypto';
import { cardOpens, decodeCard, encodeCard, numberCommitment, type Card } from '../src/patients/card.js';
import {
  groupCommitment,
  groupCommitments,
  groupFields,
  GROUPS,
  joinGroups,
  saltGroups,
} from '../src/patients/demographics.js';
import { drawRegistrationNumber } from '../src/patients/registration-number.js';

const card = (): Card => ({
  number: drawRegistrationNumber('102'),
  ledgerId: toHex(newSalt()).slice(0, 32),
  salt: toHex(newSalt()),
  generalScopeId: toHex(newSalt()).slice(0, 32),
});

const demographics = {
  name: 'Geetha',
  birthDate: '1990-05-01',
  gender: null,
  contactNo: '9002288889',
  email: null,
  address: '12 Temple Road',
  guardian: { name: 'Mani', relationship: 'father', contactNo: null },
  doctorId: 'ab'.repeat(16),
};

describe('card', () => {
  test('is base64url and says the same when read again', () => {
    const one = card();
    expect(encodeCard(one)).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(decodeCard(encodeCard(one))).toEqual(one);
  });

  test('opens the commitment of its own number and patient only', () => {
    const one = card();
    const commitment = numberCommitment(one.number, one.ledgerId, one.salt);
    expect(cardOpens(commitment, one)).toBe(true);
    const other = card();
    expect(cardOpens(commitment, { ...one, number: other.number })).toBe(false);
    expect(cardOpens(commitment, { ...one, ledgerId: other.ledgerId })).toBe(false);
    expect(cardOpens(commitment, { ...one, salt: other.salt })).toBe(false);
  });

  test.each(['', 'x', 'bnVsbA', Buffer.from('[]').toString('base64url'), '%%%'])('%j is no card', (code) => {
    expect(decodeCard(code)).toBeUndefined();
  });

  test.each(['number', 'ledgerId', 'salt', 'generalScopeId'] as const)(
    'a card with another %s form is refused',
    (field) => {
      const code = Buffer.from(JSON.stringify({ ...card(), [field]: 'zz' })).toString('base64url');
      expect(decodeCard(code)).toBeUndefined();
    },
  );
});

describe('demographic groups', () => {
  test('hold every field once and come together again', () => {
    const groups = saltGroups(demographics);
    expect(joinGroups(groups)).toEqual(demographics);
    const names = GROUPS.flatMap((group) => Object.keys(groupFields(demographics, group)));
    expect([...names].sort()).toEqual(Object.keys(demographics).sort());
  });

  test('have commitments that hide equal values', () => {
    const first = groupCommitments(saltGroups(demographics));
    const second = groupCommitments(saltGroups(demographics));
    for (const group of GROUPS) {
      expect(first[group]).toMatch(/^[0-9a-f]{64}$/);
      expect(first[group]).not.toBe(second[group]);
    }
  });

  test('a changed field no longer opens the commitment', () => {
    const { identity } = saltGroups(demographics);
    const changed = { ...identity, fields: { ...identity.fields, name: 'Gita' } };
    expect(groupCommitment(changed)).not.toBe(groupCommitment(identity));
  });

  test('a group that is not held leaves its fields open', () => {
    const { identity } = saltGroups(demographics);
    expect(joinGroups({ identity })).toEqual({
      ...demographics,
      contactNo: null,
      address: null,
      guardian: null,
      doctorId: null,
    });
  });
});
