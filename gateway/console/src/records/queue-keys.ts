import { useEffect } from 'react';

/**
 * Control and Enter approve, with Shift they give back, wherever the focus is; not while a dialog is open. Keys that a
 * person presses with Control alone are none that are pressed by accident or by dictation.
 */
export function useQueueKeys({
  approve,
  giveBack,
}: {
  approve: (() => void) | undefined;
  giveBack: (() => void) | undefined;
}): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Enter' || !event.ctrlKey || event.repeat || document.querySelector('dialog[open]'))
        return;
      const act = event.shiftKey ? giveBack : approve;
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [approve, giveBack]);
}
