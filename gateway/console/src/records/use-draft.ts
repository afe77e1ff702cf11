import { useEffect, useRef, useState } from 'react';
import { useUser } from '../app/session';
import { Drafts, type KeptDraft } from './drafts';

/**
 * Keeps a form's values in this browser as they are typed, and offers what was kept before.
 *
 * @param of what the draft is of: `new`, or the record that it amends
 * @param isDirty something was typed, and it is not sent yet
 */
export function useDraft<Values>(of: string, values: Values, isDirty: boolean) {
  const { subject } = useUser();
  const [drafts] = useState(() => new Drafts<Values>(subject, of));
  const [id, setId] = useState<string>(() => crypto.randomUUID());
  const [offered, setOffered] = useState<KeptDraft<Values>[]>([]);
  const [saved, setSaved] = useState<{ text: string; isKept: boolean }>();
  /** One saving at a time, and after it what was typed meanwhile. */
  const saving = useRef<{ isUnderWay: boolean; next?: string }>({ isUnderWay: false });
  const isOver = useRef(false);

  useEffect(() => {
    // Without them the page works as it does without a draft.
    drafts.list().then(setOffered, () => undefined);
  }, [drafts]);

  const text = isDirty ? JSON.stringify(values) : undefined;
  const own = useRef(id);
  own.current = id;
  useEffect(() => {
    if (text === undefined) return;
    const turns = saving.current;
    turns.next = text;
    if (turns.isUnderWay) return;
    turns.isUnderWay = true;
    const saveAll = async (): Promise<void> => {
      for (let next = turns.next; next !== undefined && !isOver.current; next = turns.next) {
        turns.next = undefined;
        const isKept = await drafts.save(own.current, JSON.parse(next) as Values).then(
          () => true,
          () => false,
        );
        setSaved({ text: next, isKept });
      }
      turns.isUnderWay = false;
    };
    void saveAll();
  }, [drafts, text]);

  /** Undefined until all that was typed is kept, or could not be. */
  const isKept = saved === undefined || (saved.isKept && saved.text !== text) ? undefined : saved.isKept;
  const withdraw = (draft: string): void => setOffered((before) => before.filter((one) => one.id !== draft));
  return {
    offered,
    isKept,
    /** Goes on with one: it is the form's own from now on. */
    take: (draft: KeptDraft<Values>): void => {
      setId(draft.id);
      withdraw(draft.id);
    },
    discard: (draft: KeptDraft<Values>): void => {
      withdraw(draft.id);
      void drafts.remove(draft.id);
    },
    /** The form was sent. */
    finish: (): void => {
      isOver.current = true;
      void drafts.remove(id);
    },
  };
}
