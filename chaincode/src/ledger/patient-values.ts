import { utf8Decode } from '@medseal/crypto';
import { ContractError } from '../errors.js';
import { refuseArgument } from '../model/validation.js';
import type { Act, WithPrivateValues } from './authorization.js';
import { parsePrivateKey, worldKeys } from './keys.js';

/**
 * Refuses a private key whose name, or the clear part of the value under it, says that it is another patient's. What
 * says nothing (a number's HMAC, a sealed delivery) and what is not there passes: the names are the organisation's own.
 *
 * @throws ContractError BAD_ARGUMENT, NOT_THIS_PATIENT
 */
export const requireOfPatient = async (
  act: WithPrivateValues<Act>,
  ledgerId: string,
  key: string,
  path: string,
): Promise<void> => {
  const parsed = parsePrivateKey(key);
  if (parsed === undefined) return refuseArgument(path, 'is not a key of this ledger');
  const owner = await ownerOf(act, parsed, key);
  if (owner !== undefined && owner !== ledgerId) {
    throw new ContractError('NOT_THIS_PATIENT', `${parsed.type} in ${path} is not of this patient`);
  }
};

const ownerOf = async (
  { world, own }: WithPrivateValues<Act>,
  { type, parts }: { type: string; parts: string[] },
  key: string,
): Promise<string | undefined> => {
  const [first = ''] = parts;
  switch (type) {
    case 'demographics':
    case 'scopes':
    case 'encounter':
    case 'visit':
      return first;
    case 'selector':
    case 'titleLine':
      return (await world.get(worldKeys.record(first)))?.ledgerId;
    case 'share':
      return (await world.get(worldKeys.consent(first)))?.ledgerId;
    case 'emergencyReason':
      return (await world.get(worldKeys.emergencyCase(first)))?.ledgerId;
    // Every patient's.
    case 'custodianShare':
    case 'masterShare':
      return '';
    case 'held':
    case 'pending': {
      const { ledgerId, recordId } = fieldsOf((await own.read([key]))[key] ?? null);
      if (ledgerId !== undefined || recordId === undefined) return ledgerId;
      return (await world.get(worldKeys.record(recordId)))?.ledgerId;
    }
    default:
      return undefined;
  }
};

/** The fields of a value in clear that say whose it is; none of one that is not there or not JSON. */
const fieldsOf = (value: string | null): { ledgerId?: string; recordId?: string } => {
  if (value === null) return {};
  try {
    const fields = JSON.parse(utf8Decode(Buffer.from(value, 'base64'))) as Record<string, unknown>;
    return {
      ...(typeof fields['ledgerId'] === 'string' ? { ledgerId: fields['ledgerId'] } : {}),
      ...(typeof fields['recordId'] === 'string' ? { recordId: fields['recordId'] } : {}),
    };
  } catch {
    return {};
  }
};
