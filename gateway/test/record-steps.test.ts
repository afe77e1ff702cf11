import './on-a-bed/record-steps';
