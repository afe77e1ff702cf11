import { type Json, isObject, objectsOf, textOf } from './json.js';
import { RESOURCE_TYPES } from './fields.js';

/** Where an entry of the sanitised document is found. */
export interface EntryAddress {
  /** In place of the entry's fullUrl, if it has one. */
  fullUrl?: string;
  /** In place of the resource's id, where the entry has no fullUrl to be found by. */
  id?: string;
  reference: string;
}

/** Entries of a document by every way in which a reference can name them. */
export interface Links {
  /** Undefined for an entry whose resource is replaced as a whole. */
  ofEntry(place: number): EntryAddress | undefined;
  resolve(reference: Json | undefined): EntryAddress | undefined;
}

/** urn:uuid:… with the place in the document, which says nothing about anybody. */
const urn = (place: number): string =>
  `urn:uuid:00000000-0000-4000-8000-${(place + 1).toString(16).padStart(12, '0')}`;

/** Whether a text is such an address already: of which entry says nothing about anybody, either. */
export const isNumbered = (value: Json): boolean =>
  typeof value === 'string' && /^urn:uuid:00000000-0000-4000-8000-[0-9a-f]{12}$/.test(value);

/** Numbers the entries of a document anew. Ids can be record numbers, and the same in every document of a patient. */
export const linksOf = (bundle: Json): Links => {
  const entries = objectsOf(isObject(bundle) ? bundle['entry'] : undefined);
  const byName = new Map<string, EntryAddress>();
  const addresses = entries.map((entry, place) => {
    const resource = entry['resource'];
    const type = isObject(resource) ? textOf(resource['resourceType']) : undefined;
    if (!isObject(resource) || type === undefined || !RESOURCE_TYPES.has(type) || type === 'Bundle')
      return undefined;
    const [fullUrl, id] = [textOf(entry['fullUrl']), textOf(resource['id'])];
    const address: EntryAddress =
      fullUrl !== undefined
        ? { fullUrl: urn(place), reference: urn(place) }
        : { id: `${place + 1}`, reference: `${type}/${place + 1}` };
    if (fullUrl !== undefined) byName.set(fullUrl, address);
    if (id !== undefined) byName.set(`${type}/${id}`, address);
    return address;
  });
  return {
    ofEntry: (place) => addresses[place],
    resolve: (reference) => {
      const text = textOf(reference)?.replace(/\/_history\/[^/]*$/, '');
      if (text === undefined) return undefined;
      return byName.get(text) ?? byName.get(text.replace(/^https?:\/\/.*\/([A-Za-z]+\/[^/]+)$/, '$1'));
    },
  };
};
