import { MedsealClient } from '@medseal/client';
import type { Stage } from './stage';

async function ledgerIdOf({ product, patient }: Stage): Promise<string> {
  const client = new MedsealClient(product.url);
  return (await client.login('city', patient.username, patient.password)).user.subject;
}

/** The ministry and an auditor look at the chain, by keyboard. */
export function ministryFlow(stage: () => Stage): void {
  test('the ministry sees every record’s hashes and no name, walks the blocks and verifies all', async () => {
    const at = await stage().atTheDoor();
    await at.signIn(stage().role('system-manager', 'ministry'), 'Ministry of Health');
    await at.menu('Blockchain Report');
    await at.sees(at.text(/Everything shown is as it was written/));
    expect(await at.page.getByText('Geetha').count()).toBe(0);
    await at.sees(at.text('Rows without names are not open to you; their hashes are checked all the same.'));
    // As long as it takes on a large ledger: it can be stopped, and begun again.
    const walk = /\/blockchain\/verify$/;
    await at.page.route(walk, () => undefined);
    await at.pressButton('Check everything');
    await at.pressButton('Stop');
    await at.sees(at.text('Stopped; nothing was found so far.'));
    await at.page.unroute(walk);
    await at.pressButton('Check everything');
    await at.sees(at.text(/Everything is as it was written: \d+ blocks/));
    await at.follow('Blocks');
    await at.sees(at.text(/Page 1 of/));
    const newest = await at.page.getByRole('row').nth(1).getByRole('link').textContent();
    const first = at.page.getByRole('cell', { name: newest ?? '', exact: true });
    await at.pressButton('Next');
    await at.sees(at.text(/Page 2 of/));
    await at.seesNot(first);
    await at.pressButton('Previous');
    await at.sees(first);
    await at.enter(at.page.getByRole('row').nth(1).getByRole('link'));
    await at.sees(at.text('Header, data, signatures and the link to the block before hold.'));
    await at.enter(at.page.getByRole('link', { name: /^Block \d+$/ }));
    await at.sees(at.text('Header, data, signatures and the link to the block before hold.'));
    await at.signOut();
  });

  test('an auditor sees the public part of an access log', async () => {
    const at = await stage().signedIn(stage().role('auditor', 'lakeside'), '/access-log');
    await at.type('Patient’s id on the ledger', 'Geetha');
    await at.pressButton('Show');
    await at.sees(at.text('Enter an id of 32 characters 0–9, a–f.'));
    await at.type('Patient’s id on the ledger', await ledgerIdOf(stage()));
    await at.pressButton('Show');
    await at.sees(at.entry('City Hospital').first());
    expect(await at.page.getByText('Dr. Sundar').count()).toBe(0);
    await at.enter(at.page.getByRole('button', { name: /^Verify receipt / }).first());
    await at.sees(at.text('The ledger has this receipt as it stands here, and its block is whole.'));
  });
}
