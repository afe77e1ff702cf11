import type { TermsOfConsent } from '@medseal/client';
import { Facts } from '../ui/page';
import { dayText, timeText } from '../ui/values';
import { purposeText, recordTypesText } from './words';

/** What a consent or a request is for, in words. */
export const TermsFacts = ({ terms, expiresAt }: { terms: TermsOfConsent; expiresAt: string }) => (
  <Facts
    items={[
      ['Purpose', purposeText(terms.purpose)],
      ['Types of records', recordTypesText(terms.recordTypes)],
      ['Records', `${dayText(terms.dateRange.from)} to ${dayText(terms.dateRange.to)}`],
      ['Ends', timeText(expiresAt)],
      ['Copies erased by', timeText(terms.dataEraseAt)],
    ]}
  />
);
