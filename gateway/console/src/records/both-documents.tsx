import { replacedKindOf } from '@medseal/client';
import { t } from '../i18n';
import { Empty } from '../ui/notice';
import { Table } from '../ui/table';
import { DocumentView } from './document-view';
import { replacedFields } from './replaced-fields';
import { replacedKindText } from './step-words';

/** The original beside what the cloud holds of it, and what of it is replaced there. */
export function BothDocuments({ original, sanitised }: { original: unknown; sanitised: unknown }) {
  const replaced = replacedFields(original, sanitised);
  return (
    <>
      <div className="beside">
        <section aria-label={t('document.original')}>
          <h3>{t('document.original')}</h3>
          <DocumentView document={original} />
          <AsStored summary={t('document.wholeOriginal')} document={original} />
        </section>
        <section aria-label={t('document.sanitised')}>
          <h3>{t('document.inCloud')}</h3>
          <DocumentView document={sanitised} />
          <AsStored summary={t('document.wholeSanitised')} document={sanitised} />
        </section>
      </div>
      <h3>{t('replaced.title')}</h3>
      {replaced.length === 0 ? (
        <Empty>{t('replaced.nothing')}</Empty>
      ) : (
        <Table
          caption={t('replaced.title')}
          rows={replaced}
          keyOf={({ path }) => path}
          columns={[
            { header: t('replaced.path'), cell: ({ path }) => path, kind: 'code' },
            { header: t('replaced.by'), cell: ({ path }) => replacedKindText(replacedKindOf(path)) },
            { header: t('replaced.times'), cell: ({ count }) => count, kind: 'number' },
          ]}
        />
      )}
    </>
  );
}

/** Every member, for whoever wants to see all of it. */
export const AsStored = ({ summary, document }: { summary: string; document: unknown }) => (
  <details>
    <summary>{summary}</summary>
    <pre className="json">{JSON.stringify(document, null, 2)}</pre>
  </details>
);
