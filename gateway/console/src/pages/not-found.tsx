import { Link } from '@tanstack/react-router';
import { Page } from '../ui/page';

/** The same for what is not there and for what the reader may not see. */
export const NotFoundPage = () => (
  <div className="door">
    <main>
      <Page title="Nothing here">
        <p>There is no such page, or nothing on it that you may see.</p>
        <p>
          <Link to="/">Back to the dashboard</Link>
        </p>
      </Page>
    </main>
  </div>
);
