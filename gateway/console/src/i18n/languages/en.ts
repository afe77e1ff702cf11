/**
 * Every text of the console in English. `{{name}}` is a value, `<name>…</name>` a part that its place of use draws;
 * `…_one` and `…_other` are chosen by `count`. Names begin with where the text is.
 */
export const en = {
  'common.loading': 'Loading …',
  'common.opening': 'Opening …',

  'verify.title': 'Verify a document or a receipt',
  'verify.lead':
    'Anybody may ask: the answer comes from the ledger of the hospitals and the ministry. It says nothing about a patient.',
  'verify.choose': 'Choose a file',
  'verify.drop':
    'or drop it here: a receipt, a document with its salt, or a certificate of erasure, as it was saved.',
  'verify.paste': 'Or paste its text',
  'verify.pasteHint': 'What you give is sent to this service to be compared, and is not kept.',
  'verify.submit': 'Verify',
  'verify.empty': 'Choose a file, or paste its text.',
  'verify.notJson':
    'This is not a file of this kind: receipts, documents and certificates are saved as JSON.',
  'verify.noFormat':
    'This file does not say what it is: its “format” must be that of a receipt, a document or a certificate of erasure.',
  'verify.tooLarge': 'The file is larger than {{megabytes}} MB; no receipt or document is.',
  'verify.unreadable': 'The file could not be read. Choose it again.',
  'verify.busy': 'Asking the ledger …',
  'verify.again': 'Verify another one',
  'verify.answer': 'Answer',
  'verify.file': 'File',
  'verify.issuer': 'Issued by',
  'verify.block': 'Block',
  'verify.transaction': 'Transaction',
  'verify.details': 'In detail',
  'verify.checked': 'Checked',
  'verify.what': 'What was checked',
  'verify.signIn': 'Sign in',
  'verify.back': 'Back to the dashboard',
  'verify.link': 'You were shown a receipt or a document?',
  'verify.receipt.valid': 'Genuine: this receipt is on the ledger exactly as it stands here.',
  'verify.receipt.changed': 'Changed: the ledger has a receipt of this number, and it says something else.',
  'verify.receipt.revoked': 'This receipt was valid and has been revoked since.',
  'verify.receipt.erased':
    'The receipt is on the ledger; the data of the person it is about have been erased since.',
  'verify.receipt.unknown': 'Not confirmed: the ledger cannot vouch for this receipt.',
  'verify.document.valid':
    'Genuine: this document is word for word the one that was signed, and it is the latest version.',
  'verify.document.changed': 'Changed: this is not the document that was signed, or its salt is another one.',
  'verify.document.revoked':
    'Out of date: this document was signed as it is, and a later version has taken its place.',
  'verify.document.erased': 'The person this document is about has been erased: nothing more is said of it.',
  'verify.document.unknown': 'Not confirmed: the ledger cannot vouch for this document.',
  'verify.erasure.valid':
    'Genuine: every organisation named here has attested on the ledger that it erased this person’s data.',
  'verify.erasure.changed': 'Changed: the ledger’s erasure differs from this certificate.',
  'verify.erasure.revoked': 'This certificate was valid and has been revoked since.',
  'verify.erasure.erased': 'The person has been erased: nothing more is said.',
  'verify.erasure.unknown': 'Not confirmed: the ledger cannot vouch for this certificate.',
  'verify.receipt.what':
    'Who read, of which organisation, on what ground, by which consent and which records: each held against the receipt on the ledger.',
  'verify.document.what':
    'The document together with its salt: both must give the commitment that the author put on the ledger. Then whether a later version has taken its place.',
  'verify.erasure.what':
    'When the erasure was asked for and by whom, and each organisation’s attestation with its transaction: looked up one by one.',
  'verify.blocks': 'The block that holds it: header, data and signatures recomputed from its bytes.',
} as const;
