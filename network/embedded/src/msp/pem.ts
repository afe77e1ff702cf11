const block = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\s]*?)-----END \1-----/;

/** First PEM block of `text`, whatever stands around it (Go encoding/pem does the same); undefined when there is none. */
export const decodePem = (text: string): { label: string; der: Buffer } | undefined => {
  const match = block.exec(text);
  if (!match?.[1]) return undefined;
  const der = Buffer.from(match[2] ?? '', 'base64');
  return der.length > 0 ? { label: match[1], der } : undefined;
};

/** All PEM blocks, each as its own text. */
export const splitPem = (text: string): string[] =>
  (text.match(new RegExp(block.source, 'g')) ?? []).map((part) => `${part}\n`);

/** As Go's `pem.EncodeToMemory` writes it: lines of 64 characters, newline at the end. */
export const encodePem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/(.{64})(?=.)/g, '$1\n')}\n-----END ${label}-----\n`;
