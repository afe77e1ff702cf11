import { Link } from '@tanstack/react-router';
import type { DecryptedRecord } from '@medseal/client';
import { Facts } from '../ui/page';
import { Hash } from '../ui/values';
import { basisText } from './words';

/** The receipt that a reading left. */
export const ReceiptView = ({ receipt }: { receipt: DecryptedRecord['receipt'] }) => (
  <section aria-label="Receipt">
    <h3>Receipt of this reading</h3>
    <Facts
      items={[
        ['Receipt', <Hash key="h" value={receipt.receiptId} name="Receipt" />],
        ['Why', basisText(receipt.basis)],
        [
          'Block',
          receipt.blockNumber !== undefined && (
            <Link to="/report/blocks/$number" params={{ number: String(receipt.blockNumber) }}>
              {receipt.blockNumber}
            </Link>
          ),
        ],
      ]}
    />
  </section>
);
