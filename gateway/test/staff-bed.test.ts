// On one bed, in this order: certificates run out in the last.
import './on-a-bed/staff';
import './on-a-bed/hostile';
import './on-a-bed/auth';
