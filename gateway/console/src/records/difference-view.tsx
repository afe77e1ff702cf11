import { t } from '../i18n';
import { Empty } from '../ui/notice';
import { type Change, difference } from './difference';
import './records.css';

/** What one version says otherwise than another, by word, sign and colour. */
export function DifferenceView({ before, after }: { before: unknown; after: unknown }) {
  const sections = difference(before, after);
  if (sections.length === 0) return <Empty>{t('versions.same')}</Empty>;
  return (
    <div className="sections">
      {sections.map(({ title, changes }) => (
        <section key={title}>
          <h3>{title}</h3>
          <ul className="difference">
            {changes.map((change, index) => (
              <li key={index} className={change.kind}>
                <strong>{wordOf(change)}</strong> <ChangedLine change={change} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

const wordOf = ({ kind }: Change): string =>
  kind === 'added' ? t('versions.added') : kind === 'removed' ? t('versions.removed') : t('versions.changed');

function ChangedLine({ change }: { change: Change }) {
  if (change.kind === 'added') return <ins>{change.after}</ins>;
  if (change.kind === 'removed') return <del>{change.before}</del>;
  return (
    <>
      <del>{change.before}</del> → <ins>{change.after}</ins>
    </>
  );
}
