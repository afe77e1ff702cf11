import type { ActProgress } from '@medseal/client';

/** How many of an act's transactions are on the ledger. */
export const SigningProgress = ({ progress }: { progress: ActProgress | undefined }) => (
  <div>
    <p role="status">
      {progress === undefined
        ? 'Making the consent in this browser …'
        : `Signing ${Math.min(progress.done + 1, progress.of)} of ${progress.of} …`}
    </p>
    <progress aria-label="Signed" value={progress?.done ?? 0} max={progress?.of ?? 1} />
  </div>
);
