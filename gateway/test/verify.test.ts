import './on-a-bed/verify';
