import './on-a-bed/care-teams';
