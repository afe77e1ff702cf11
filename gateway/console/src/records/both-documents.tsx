import { replacedKindOf } from '@medseal/client';
import { t } from '../i18n';
import { Empty } from '../ui/notice';
import { Table } from '../ui/table';
import { DocumentView } from './document-view';
import { replacedFields } from './replaced-fields';
import { REPLACED_KINDS } from './step-words';

/** The original beside what the cloud holds of it, and what of it is replaced there. */
export function BothDocuments({ original, sanitised }: { original: unknown; sanitised: unknown }) {
  const replaced = replacedFields(original, sanitised);
  return (
    <>
      <div className="beside">
        <section aria-label="Original">
          <h3>Original</h3>
          <DocumentView document={original} />
          <AsStored what="original" document={original} />
        </section>
        <section aria-label="Sanitised">
          <h3>In the cloud</h3>
          <DocumentView document={sanitised} />
          <AsStored what="sanitised document" document={sanitised} />
        </section>
      </div>
      <h3>Replaced fields</h3>
      {replaced.length === 0 ? (
        <Empty>Nothing of the original is replaced.</Empty>
      ) : (
        <Table
          caption="Replaced fields"
          rows={replaced}
          keyOf={({ path }) => path}
          columns={[
            { header: 'FHIR path', cell: ({ path }) => path, kind: 'code' },
            { header: t('replaced.by'), cell: ({ path }) => REPLACED_KINDS[replacedKindOf(path)] },
            { header: 'Times', cell: ({ count }) => count, kind: 'number' },
          ]}
        />
      )}
    </>
  );
}

/** Every member, for whoever wants to see all of it. */
export const AsStored = ({ what, document }: { what: string; document: unknown }) => (
  <details>
    <summary>The whole {what}, as FHIR JSON</summary>
    <pre className="json">{JSON.stringify(document, null, 2)}</pre>
  </details>
);
