import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

/** Labels are route templates, function names and codes: nothing about a person. */
export const metrics = new Registry();

collectDefaultMetrics({ register: metrics });

const requests = new Histogram({
  name: 'medseal_http_request_seconds',
  help: 'Duration of HTTP requests by route template.',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers: [metrics],
});

const transactions = new Counter({
  name: 'medseal_ledger_transactions_total',
  help: 'Transactions of this process that are VALID on the ledger.',
  labelNames: ['organization'] as const,
  registers: [metrics],
});

const audits = new Counter({
  name: 'medseal_audits_total',
  help: 'Closed audits in which an organisation has a part, as hospital or auditor, by their outcome.',
  labelNames: ['organization', 'part', 'outcome'] as const,
  registers: [metrics],
});

export const observeRequest = (method: string, route: string, status: number, seconds: number): void => {
  requests.observe({ method, route, status: String(status) }, seconds);
};

export const countTransaction = (organization: string): void => {
  transactions.inc({ organization });
};

export const countAudit = (organization: string, part: string, outcome: string): void => {
  audits.inc({ organization, part, outcome });
};
