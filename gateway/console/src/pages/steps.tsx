import { Link } from '@tanstack/react-router';
import { useUser } from '../app/session';
import { t } from '../i18n';
import { RecordTable } from '../records/record-table';
import { Worklist } from '../records/worklist';
import { Page, Panel } from '../ui/page';

/** The state in which a record waits for each of its author's steps. */
const WAITING = { blind: 'sealed', upload: 'sanitized', chain: 'attested' } as const;

export const BlindingPage = () => <StepPage step="blind" />;
export const UploadingPage = () => <StepPage step="upload" />;
export const ChainingPage = () => <StepPage step="chain" />;

function StepPage({ step }: { step: keyof typeof WAITING }) {
  const { role } = useUser();
  return (
    <Page title={t(`steps.${step}`)} lead={t(`steps.${step}.does`)}>
      {step === 'blind' && role === 'doctor' && (
        <Panel title={t('steps.back')}>
          <Worklist step="blind" empty={t('steps.back.empty')} />
        </Panel>
      )}
      <Panel title={t('steps.waiting')}>
        <RecordTable status={WAITING[step]} empty={t(`steps.${step}.empty`)} />
        <p className="hint">
          {t('steps.byItself')} <Link to="/records">{t('steps.all')}</Link>
        </p>
      </Panel>
    </Page>
  );
}
