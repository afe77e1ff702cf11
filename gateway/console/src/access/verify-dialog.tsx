import { useQuery } from '@tanstack/react-query';
import type { AccessLogItem, Verification } from '@medseal/client';
import { client } from '../app/session';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { ErrorNotice, Notice, Waiting } from '../ui/notice';
import { Facts } from '../ui/page';
import { timeText } from '../ui/values';

const VERDICTS: Readonly<
  Record<Verification['verdict'], { kind: 'good' | 'warning' | 'bad'; text: string }>
> = {
  valid: { kind: 'good', text: 'The ledger has this receipt as it stands here, and its block is whole.' },
  changed: {
    kind: 'bad',
    text: 'The ledger has another receipt of this id: somebody has changed something.',
  },
  revoked: { kind: 'warning', text: 'It was valid and has been revoked since.' },
  erased: {
    kind: 'warning',
    text: 'The receipt is as the ledger has it; the data of the person it is about were erased.',
  },
  unknown: { kind: 'bad', text: 'The ledger has no such receipt.' },
};

/** One receipt asked for at the ledger again; it can be kept and verified by anybody, also without this service. */
export function VerifyDialog({ item, onClose }: { item: AccessLogItem; onClose: () => void }) {
  const verification = useQuery({
    queryKey: ['verify', item.receiptId],
    queryFn: () => client.verifyStatement(item.statement),
    staleTime: 0,
    gcTime: 0,
  });
  const verdict = verification.data && VERDICTS[verification.data.verdict];
  return (
    <Dialog title="Receipt" onClose={onClose}>
      {verification.isPending && <Waiting text="Asking the ledger …" />}
      {verification.isError && (
        <ErrorNotice error={verification.error} retry={() => void verification.refetch()} />
      )}
      {verification.data && (
        <>
          <Notice kind={verdict?.kind ?? 'warning'}>
            {verdict?.text ?? verification.data.reason ?? verification.data.verdict}
          </Notice>
          <Facts
            items={[
              ['Receipt', <code key="r">{item.receiptId}</code>],
              ['Issued by', verification.data.issuer?.name ?? verification.data.issuer?.mspId],
              ['Block', verification.data.blockNumber],
              ['Reason', verification.data.reason],
              ['Checked', timeText(verification.data.checkedAt)],
            ]}
          />
        </>
      )}
      <div className="form-end">
        <Button onClick={() => save(item)}>Save the receipt</Button>
        <Button onClick={onClose}>Done</Button>
      </div>
    </Dialog>
  );
}

function save({ receiptId, statement }: AccessLogItem): void {
  const url = URL.createObjectURL(
    new Blob([JSON.stringify(statement, null, 2)], { type: 'application/json' }),
  );
  const link = document.createElement('a');
  link.href = url;
  link.download = `receipt-${receiptId.slice(0, 12)}.json`;
  link.click();
  URL.revokeObjectURL(url);
}
