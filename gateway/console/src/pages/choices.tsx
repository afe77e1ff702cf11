import { Link } from '@tanstack/react-router';
import { Choices } from '../consents/choices';
import { Page } from '../ui/page';

/** After the activation, and whenever the patient wants to decide anew. */
export const ChoicesPage = () => (
  <Page
    title="Your choices"
    lead="What may happen without your being asked each time. Nothing is allowed unless you sign it."
  >
    <Choices />
    <p>
      <Link to="/">To the dashboard</Link>
    </p>
  </Page>
);
