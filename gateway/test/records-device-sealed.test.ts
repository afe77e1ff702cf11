import './on-a-bed/records-device-sealed';
