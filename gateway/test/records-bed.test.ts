// On one bed, in this order: the report of the first counts what there is.
import './on-a-bed/blockchain-rest';
import './on-a-bed/verify';
import './on-a-bed/records-device-sealed';
