import './on-a-bed/blockchain-rest';
