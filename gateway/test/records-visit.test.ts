import './on-a-bed/records-visit';
