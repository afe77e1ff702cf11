import './on-a-bed/events';
