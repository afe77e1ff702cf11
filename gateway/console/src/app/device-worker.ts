import { certificateFingerprint, MedsealClient, PatientDevice, ProblemError } from '@medseal/client';
import type { Call, CarriedError, DeviceCalls, Reply } from './device-calls';

// The patient's device: seed and keys are in this thread's memory and nowhere else; the page ends the thread to forget them.

const client = new MedsealClient(self.location.origin, undefined, 'cookie');
let device: PatientDevice | undefined;

const unlocked = (): PatientDevice => {
  if (device === undefined) throw new Error('The keys are locked: unlock them first.');
  return device;
};

/** The page may have signed in anew meanwhile. */
const signedIn = async (): Promise<MedsealClient> => {
  await client.resume();
  return client;
};

const unlock = async (passphrase: string): Promise<PatientDevice> =>
  (device = await PatientDevice.unlock(await signedIn(), passphrase));

const callsFor = (report: (reply: Reply) => void, id: number): DeviceCalls => ({
  fingerprint: (rootCertificate) => Promise.resolve(certificateFingerprint(rootCertificate)),
  activate: async (input) => {
    device = (await PatientDevice.activate(client, input)).device;
    return device.recoveryWords();
  },
  unlock: async (passphrase) => {
    await unlock(passphrase);
  },
  recover: async (words, passphrase) => {
    device = await PatientDevice.recover(await signedIn(), words, passphrase);
  },
  changePassphrase: async (present, next) => (await unlock(present)).changePassphrase(client, next),
  recoveryWords: async (passphrase) => (await unlock(passphrase)).recoveryWords(),
  openRecord: (opened) => unlocked().openRecord(opened),
  makeConsent: async (wish) => unlocked().makeConsent(await signedIn(), wish),
  signConsent: async (body) =>
    unlocked().signConsent(await signedIn(), body, (progress) => report({ id, progress })),
  denyRequest: async (requestId) => unlocked().denyRequest(await signedIn(), requestId),
  revokeConsent: async (consentId) => unlocked().revokeConsent(await signedIn(), consentId),
  choose: async (made) =>
    unlocked().choose(await signedIn(), made, undefined, (progress) => report({ id, progress })),
  openOwnTerms: (consent) => unlocked().openOwnTerms(consent),
  advanceScope: async (scope) => unlocked().advanceScope(await signedIn(), scope),
  addSlots: async () =>
    unlocked().addSlots(await signedIn(), ({ added, total }) =>
      report({ id, progress: { done: added, of: total } }),
    ),
  grantAgain: async (consentId) => unlocked().grantAgain(await signedIn(), consentId),
  registerReaderKey: async () => unlocked().registerReaderKey(await signedIn()),
  readAsGuardian: async (recordId, consentId) =>
    unlocked().readAsGuardian(await signedIn(), recordId, consentId),
});

const carried = (error: unknown): CarriedError => {
  if (error instanceof ProblemError) {
    const { status, code, detail, errors, requestId, retryAfter, message } = error;
    return {
      kind: 'problem',
      message,
      problem: { status, code, detail, errors: [...errors], requestId, retryAfter },
    };
  }
  const code = (error as { code?: unknown } | null)?.code;
  const message = error instanceof Error ? error.message : String(error);
  if (typeof code === 'string') return { kind: 'other', message, code };
  return { kind: error instanceof TypeError ? 'connection' : 'other', message };
};

self.addEventListener('message', ({ data: { id, name, args } }: MessageEvent<Call>) => {
  const report = (reply: Reply): void => self.postMessage(reply);
  const call = callsFor(report, id)[name] as (...given: unknown[]) => Promise<unknown>;
  call(...args).then(
    (result) => report({ id, result }),
    (error: unknown) => report({ id, error: carried(error) }),
  );
});
