import type { ActivationInput, OpenedRecord, PatientDevice, RecordContent } from '@medseal/client';
import { client } from './session';

/** The pairing and certificate code, which is large, is loaded when a patient unlocks or activates and not before. */
const code = () => import('./device-code');

export const activate = async (input: ActivationInput): Promise<PatientDevice> =>
  (await (await code()).PatientDevice.activate(client, input)).device;

export const unlock = async (passphrase: string): Promise<PatientDevice> =>
  (await code()).PatientDevice.unlock(client, passphrase);

export const rootFingerprint = async (rootCertificate: string): Promise<string> =>
  (await code()).certificateFingerprint(rootCertificate);

export const openOnDevice = (device: PatientDevice, opened: OpenedRecord): Promise<RecordContent> =>
  device.openRecord(opened);
