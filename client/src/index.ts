export * from './api.js';
export * from './http.js';
export * from './medseal-client.js';
export * from './device/certificate-request.js';
export * from './device/organization-trust.js';
export * from './device/patient-device.js';
export * from './device/record-content.js';
export * from './device/signed-act.js';
