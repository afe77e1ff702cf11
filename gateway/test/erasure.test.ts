import './on-a-bed/erasure';
