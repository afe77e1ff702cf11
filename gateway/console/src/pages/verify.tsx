import { type DragEvent, type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { Link } from '@tanstack/react-router';
import { useMutation } from '@tanstack/react-query';
import type { Verification } from '@medseal/client';
import { client, useSession } from '../app/session';
import { t } from '../i18n';
import { timeText } from '../i18n/locale';
import { Button } from '../ui/button';
import { TextArea } from '../ui/fields';
import { ErrorNotice, Notice } from '../ui/notice';
import { Facts, PublicPage } from '../ui/page';
import './verify.css';

const MEGABYTES_MAX = 5;
const BYTES_MAX = MEGABYTES_MAX * 1_000_000;

const KINDS = {
  valid: 'good',
  changed: 'bad',
  revoked: 'warning',
  erased: 'warning',
  unknown: 'bad',
} as const satisfies Record<Verification['verdict'], string>;

/** What is wrong with a text before anybody is asked; undefined where it may be sent. */
const faultOf = (text: string): string | undefined => {
  if (text.trim() === '') return t('verify.empty');
  try {
    const value: unknown = JSON.parse(text);
    const { format } = (value ?? {}) as { format?: unknown };
    return typeof format === 'string' ? undefined : t('verify.noFormat');
  } catch {
    return t('verify.notJson');
  }
};

/** Nobody need sign in: whether a receipt, a document or a certificate of erasure is what the ledger has. */
export function VerifyPage() {
  const { user } = useSession();
  const [text, setText] = useState('');
  const [fileName, setFileName] = useState<string>();
  const [fault, setFault] = useState<string>();
  const [isOver, setOver] = useState(false);
  const fileId = useId();
  const verdict = useRef<HTMLHeadingElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const asking = useMutation({ mutationFn: client.verifyStatementText });
  useEffect(() => {
    // The form is gone: reading goes on here.
    if (asking.data) verdict.current?.focus();
  }, [asking.data]);

  const ask = (given: string): void => {
    const found = faultOf(given);
    setFault(found);
    if (found === undefined) asking.mutate(given);
    else setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus(), 0);
  };
  const take = async (file: File | undefined): Promise<void> => {
    if (file === undefined || asking.isPending) return;
    setFileName(file.name);
    setText('');
    asking.reset();
    if (file.size > BYTES_MAX) {
      setFault(t('verify.tooLarge', { megabytes: MEGABYTES_MAX }));
      return;
    }
    try {
      const content = await file.text();
      setText(content);
      ask(content);
    } catch {
      setFault(t('verify.unreadable'));
    }
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files[0]);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!asking.isPending) ask(text);
  };
  const again = (): void => {
    asking.reset();
    setText('');
    setFileName(undefined);
    setFault(undefined);
  };

  return (
    <PublicPage title={t('verify.title')} head={t('verify.lead')} wide>
      <div className="panel">
        <h1>{t('verify.title')}</h1>
        {asking.data ? (
          <>
            <h2 ref={verdict} tabIndex={-1}>
              {t('verify.answer')}
            </h2>
            <Verdict verification={asking.data} fileName={fileName} />
            <div className="form-end">
              <Button kind="main" onClick={again}>
                {t('verify.again')}
              </Button>
            </div>
          </>
        ) : (
          <form ref={form} noValidate onSubmit={submit}>
            {asking.isError && <ErrorNotice error={asking.error} />}
            <div
              className={isOver ? 'drop over' : 'drop'}
              onDragOver={(event) => {
                event.preventDefault();
                setOver(true);
              }}
              onDragLeave={() => setOver(false)}
              onDrop={drop}
            >
              <label htmlFor={fileId}>{t('verify.choose')}</label>
              <input
                id={fileId}
                type="file"
                accept=".json,application/json"
                onChange={({ target }) => {
                  void take(target.files?.[0]);
                  // The same file, changed meanwhile, may be chosen again.
                  target.value = '';
                }}
              />
              <span className="hint">{t('verify.drop')}</span>
            </div>
            <TextArea
              label={t('verify.paste')}
              name="statement"
              rows={6}
              isSecret
              value={text}
              onChange={(value) => {
                setText(value);
                setFileName(undefined);
                setFault(undefined);
              }}
              error={fault}
              hint={t('verify.pasteHint')}
            />
            <div className="form-end">
              <Button type="submit" kind="main" busy={asking.isPending}>
                {asking.isPending ? t('verify.busy') : t('verify.submit')}
              </Button>
            </div>
          </form>
        )}
      </div>
      <p>
        {user === undefined ? (
          <Link to="/sign-in">{t('signIn.title')}</Link>
        ) : (
          <Link to="/">{t('common.toDashboard')}</Link>
        )}
      </p>
    </PublicPage>
  );
}

function Verdict({ verification, fileName }: { verification: Verification; fileName: string | undefined }) {
  const { kind, verdict, issuer, blockNumber, transactionId, reason, checkedAt } = verification;
  return (
    <>
      <Notice kind={KINDS[verdict]}>{t(`verify.${kind}.${verdict}`)}</Notice>
      <Facts
        items={[
          [t('verify.file'), fileName],
          [t('verify.issuer'), issuer?.name ?? issuer?.mspId],
          [t('verify.block'), blockNumber],
          [t('verify.transaction'), transactionId && <code>{transactionId}</code>],
          [t('verify.details'), reason],
          [t('verify.checked'), timeText(checkedAt)],
        ]}
      />
      <h3>{t('verify.what')}</h3>
      <ul className="checked-list">
        <li>{t(`verify.${kind}.what`)}</li>
        <li>{t('verify.blocks')}</li>
      </ul>
    </>
  );
}
