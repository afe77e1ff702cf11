import { type ClinicalItem, type ClinicalSections, SECTIONS } from '@medseal/client';
import { Badge, Empty } from '../ui/notice';
import { dayText } from '../ui/values';
import { t } from '../i18n';
import { narrativeLines } from './narrative';
import { sectionTitle } from './sections';

/** A document as it was opened: the eight sections, or what a FHIR document Bundle says in its Composition. */
export function DocumentView({ document }: { document: unknown }) {
  const isBundle = (document as { resourceType?: unknown } | null)?.resourceType === 'Bundle';
  return isBundle ? (
    <BundleView bundle={document} />
  ) : (
    <SectionsView sections={document as ClinicalSections} />
  );
}

function SectionsView({ sections }: { sections: ClinicalSections }) {
  const given = SECTIONS.filter((name) => (sections[name]?.length ?? 0) > 0);
  if (given.length === 0) return <Empty>{t('document.empty')}</Empty>;
  return (
    <div className="sections">
      {given.map((name) => (
        <section key={name}>
          <h3>{sectionTitle(name)}</h3>
          <ul>
            {sections[name]?.map((item, index) => (
              <li key={index}>
                <ItemLine item={item} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

const ItemLine = ({ item: { text, code, value, unit, range, date, abnormal } }: { item: ClinicalItem }) => (
  <>
    {text}
    {code && (
      <span className="muted">
        {' '}
        ({code.display === text ? code.code : [code.display, code.code].filter(Boolean).join(', ')})
      </span>
    )}
    {value !== undefined && (
      <strong>
        {' '}
        {String(value)} {unit}
      </strong>
    )}
    {range && <span className="muted"> {t('records.usual', { range })}</span>}
    {abnormal && (
      <>
        {' '}
        <Badge kind="bad">{t('document.abnormal')}</Badge>
      </>
    )}
    {date && <span className="muted">, {dayText(date)}</span>}
  </>
);

interface BundleSection {
  title?: unknown;
  text?: { div?: unknown };
}

/** FHIR's own rule: a document is read by its Composition, section by section, each with its narrative. */
function BundleView({ bundle }: { bundle: unknown }) {
  const composition = (bundle as { entry?: { resource?: { section?: unknown } }[] }).entry?.[0]?.resource;
  const sections = Array.isArray(composition?.section) ? (composition.section as BundleSection[]) : [];
  if (sections.length === 0) return <Empty>{t('document.noSections')}</Empty>;
  return (
    <div className="sections">
      {sections.map((section, index) => (
        <section key={index}>
          <h3>{String(section.title ?? t('document.section'))}</h3>
          <ul>
            {linesOf(section).map((line, at) => (
              <li key={at}>{line}</li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

const linesOf = ({ text }: BundleSection): string[] => {
  const lines = narrativeLines(text?.div);
  return lines.length > 0 ? lines : [t('records.noEntries')];
};
