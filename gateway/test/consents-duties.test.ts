import './on-a-bed/consents-duties';
