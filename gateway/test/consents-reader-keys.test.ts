import './on-a-bed/consents-reader-keys';
