import { Link } from '@tanstack/react-router';
import type { DecryptedRecord } from '@medseal/client';
import { t } from '../i18n';
import { Facts } from '../ui/page';
import { Hash } from '../ui/values';
import { basisText } from './words';

/** The receipt that a reading left. */
export const ReceiptView = ({ receipt }: { receipt: DecryptedRecord['receipt'] }) => (
  <section aria-label={t('access.receipt')}>
    <h3>{t('access.receiptOfReading')}</h3>
    <Facts
      items={[
        [t('access.receipt'), <Hash key="h" value={receipt.receiptId} name={t('access.receipt')} />],
        [t('access.why'), basisText(receipt.basis)],
        [
          t('access.blockHeader'),
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
