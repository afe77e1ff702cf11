import { type ReactNode, useEffect, useId, useRef } from 'react';
import { t } from '../i18n';
import { Button } from './button';

/**
 * A modal dialog: the browser keeps the focus inside and gives it back afterwards. The element of the platform, because
 * the page below is inert by itself and the library's takes the scrolling away by a style element.
 */
export function Dialog({
  title,
  onClose,
  wide = false,
  children,
}: {
  title: string;
  /** Undefined where there is no way but through. */
  onClose?: () => void;
  wide?: boolean;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={id}
      onCancel={(event) => {
        // React hands it on to the dialog around, which is not the one that is left.
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        onClose?.();
      }}
      onClose={(event) => {
        const element = event.currentTarget;
        if (event.target !== element || element.open) return;
        // The browser closes without asking where Escape is pressed once more.
        if (onClose) onClose();
        else element.showModal();
      }}
    >
      <div className="dialog-head">
        <h2 id={id}>{title}</h2>
        {onClose && (
          <Button kind="quiet" onClick={onClose}>
            {t('common.close')}
          </Button>
        )}
      </div>
      {children}
    </dialog>
  );
}
