import './on-a-bed/ledger';
