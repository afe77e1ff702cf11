/** Bounds of what one call looks at or answers. Lists that others can lengthen are answered page by page. */

/** Organisations of a channel, far above any network's size. */
export const MAX_ORGANIZATIONS = 1_000;
/** Consents that one owner gave. */
export const MAX_CONSENTS = 10_000;
/** Records of one patient, and versions of one record. */
export const MAX_RECORDS = 10_000;
/** Emergencies of one patient. */
export const MAX_EMERGENCIES = 10_000;
