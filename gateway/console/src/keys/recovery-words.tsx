import { useState } from 'react';
import { t } from '../i18n';
import { Button } from '../ui/button';
import { TextField } from '../ui/fields';
import { type Errors, useForm } from '../ui/form';
import { Notice } from '../ui/notice';

const ASKED = 3;

/** The words on paper are the only way back when the passphrase is forgotten: they are shown, then some are asked for. */
export function RecoveryWords({ words, onDone }: { words: string; onDone: () => void }) {
  const [isChecking, setIsChecking] = useState(false);
  const list = words.split(' ');
  if (isChecking) return <Check list={list} onBack={() => setIsChecking(false)} onDone={onDone} />;
  return (
    <>
      <Notice kind="warning" title={t('words.writeDown')}>
        {t('words.why')}
      </Notice>
      <ol className="words" aria-label={t('words.label')}>
        {list.map((word, index) => (
          <li key={index}>
            <code>{word}</code>
          </li>
        ))}
      </ol>
      <div className="form-end no-print">
        <Button kind="main" onClick={() => setIsChecking(true)}>
          {t('words.written')}
        </Button>
        <Button onClick={() => window.print()}>{t('common.print')}</Button>
      </div>
    </>
  );
}

type Asked = Record<string, string>;

function Check({
  list,
  onBack,
  onDone,
}: {
  list: readonly string[];
  onBack: () => void;
  onDone: () => void;
}) {
  const [places] = useState(() => somePlaces(list.length));
  const form = useForm<Asked, void>({
    initial: Object.fromEntries(places.map((place) => [`word${place}`, ''])),
    validate: (values) =>
      places.reduce<Errors<Asked>>((errors, place) => {
        const isRight = values[`word${place}`]?.trim().toLowerCase() === list[place - 1];
        return isRight ? errors : { ...errors, [`word${place}`]: t('words.wrong', { place }) };
      }, {}),
    send: () => Promise.resolve(),
    onDone,
  });
  return (
    <form ref={form.form} noValidate onSubmit={form.submit}>
      <p>{t('words.enter')}</p>
      <div className="form-row">
        {places.map((place) => (
          <TextField
            key={place}
            {...form.field(`word${place}`)}
            value={form.values[`word${place}`] ?? ''}
            label={t('words.word', { place })}
            required
          />
        ))}
      </div>
      <div className="form-end">
        <Button type="submit" kind="main">
          {t('words.confirm')}
        </Button>
        <Button onClick={onBack}>{t('words.again')}</Button>
      </div>
    </form>
  );
}

/** Different places from 1, ascending. */
function somePlaces(length: number): number[] {
  const places = new Set<number>();
  while (places.size < ASKED) places.add(1 + ((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % length));
  return [...places].sort((left, right) => left - right);
}
