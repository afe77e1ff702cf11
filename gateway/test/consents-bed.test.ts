// On one bed, in this order: the last moves time by days.
import './on-a-bed/choices';
import './on-a-bed/consents';
import './on-a-bed/epochs';
import './on-a-bed/guardians';
import './on-a-bed/emergencies';
