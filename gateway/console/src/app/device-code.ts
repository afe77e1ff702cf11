export { certificateFingerprint, PatientDevice } from '@medseal/client';
