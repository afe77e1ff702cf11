import { answers, REQUIRED } from '../src/document/fields.js';
import { REPLACED_FIELDS } from '../src/index.js';
import { fieldTables, partOfPage } from './support/replaced-fields-page.js';

/** Types of FHIR that the table needs no rows for, because a rule decides about all of a value. */
const WHOLE =
  /^(?:code|boolean|number|string|dateTime|instant|uri|id|xhtml|Reference|Identifier|HumanName|ContactPoint|Address|Attachment|BackboneElement|Signature|Resource)$/;

describe('the table of replaced fields', () => {
  it('is the published one', () => {
    const tables = fieldTables();
    expect(partOfPage('fields', tables)).toBe(tables);
  });

  it('has a reason in every row, and rows for every type', () => {
    for (const [owner, rows] of REPLACED_FIELDS) {
      for (const [name, { type, reason }] of rows) {
        expect(reason).not.toBe('');
        if (!WHOLE.test(type) && !REPLACED_FIELDS.has(type))
          throw new Error(`${owner}.${name}: no rows for ${type}`);
      }
    }
  });

  it('names every element that FHIR demands', () => {
    for (const [owner, required] of Object.entries(REQUIRED)) {
      const names = [...(REPLACED_FIELDS.get(owner)?.keys() ?? [])];
      for (const one of required)
        expect([owner, one, names.some((name) => answers(one, name))]).toEqual([owner, one, true]);
    }
  });
});
