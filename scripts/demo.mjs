import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { ROOT } from './lib/prepare.mjs';
import { fhirPatients } from './demo/fhir-patients.mjs';

// Loads the demo as its users would: every step is a REST call or a patient's device, nothing reaches behind the API.

const { completeByRoles, MedsealClient, PatientDevice, ProblemError } = createRequire(import.meta.url)(
  '@medseal/client',
);

const STAFF = ['doctor', 'verifier', 'sanitizer', 'auditor', 'researcher'];

/**
 * What has been done, kept on disk after each step, so that a killed load goes on where it was. Each POST's
 * Idempotency-Key comes from the step's name: a step whose answer was lost is answered again, not done twice.
 */
class Progress {
  /** Steps carried out by this run. */
  stepsDone = 0;

  constructor(file) {
    this.file = file;
    this.state = existsSync(file)
      ? JSON.parse(readFileSync(file, 'utf8'))
      : { salt: randomBytes(16).toString('hex'), done: {} };
  }

  save() {
    writeFileSync(`${this.file}.new`, JSON.stringify(this.state), { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
  }

  key(name) {
    return createHash('sha256').update(`${this.state.salt}:${name}`).digest('hex').slice(0, 32);
  }

  /** A secret of the demo that stays the same when a step is repeated. */
  secret(name) {
    const words = createHash('sha256').update(`${this.state.salt}:secret:${name}`).digest('base64url');
    return `${words.slice(0, 5)}-${words.slice(5, 10)}-${words.slice(10, 15)}7a`;
  }

  async step(name, action) {
    if (!(name in this.state.done)) {
      this.stepsDone++;
      this.state.done[name] = (await action(this.key(name))) ?? null;
      this.save();
    }
    return this.state.done[name];
  }
}

const CHOICES = { standingConsent: true, researchConsent: true, emergencyGrant: true };

const post = async (client, route, body, idempotencyKey) =>
  (await client.http.request('POST', route, { body, idempotencyKey })).body;

class Demo {
  #sessions = new Map();

  constructor({ url, folder, organizations, report }) {
    Object.assign(this, { url, folder, organizations, report });
    this.progress = new Progress(path.join(folder, 'demo-progress.json'));
    this.users = this.progress.state.users ?? (this.progress.state.users = []);
  }

  addUser(user) {
    const known = this.users.findIndex(
      (other) => other.organization === user.organization && other.username === user.username,
    );
    if (known >= 0) this.users[known] = user;
    else this.users.push(user);
    this.progress.save();
  }

  /** One client a user, signed in once. */
  async as(organization, username) {
    const id = `${organization}/${username}`;
    if (!this.#sessions.has(id)) {
      const user = this.users.find(
        (other) => other.organization === organization && other.username === username,
      );
      const client = new MedsealClient(this.url);
      await client.login(organization, username, user.password);
      this.#sessions.set(id, client);
    }
    return this.#sessions.get(id);
  }

  /** The administrator whom the gateway made at its first start, with a password of the demo. */
  async administrator(organization) {
    const role = organization.kind === 'ministry' ? 'system-manager' : 'hospital-admin';
    await this.progress.step(`${organization.slug}/administrator`, async () => {
      this.report(`Signing ${organization.name} in, loading its staff …`);
      const file = path.join(this.folder, 'gateway', organization.mspId, 'administrator.json');
      const { username, password } = JSON.parse(readFileSync(file, 'utf8'));
      const chosen = this.progress.secret(`${organization.slug}/${username}`);
      const client = new MedsealClient(this.url);
      let session;
      try {
        session = await client.login(organization.slug, username, password);
        await client.changePassword(password, chosen);
      } catch (error) {
        // A load that was killed just after the change signs in with the new one.
        if (!(error instanceof ProblemError) || error.status !== 401) throw error;
        session = await client.login(organization.slug, username, chosen);
      }
      this.addUser({
        organization: organization.slug,
        username,
        password: chosen,
        role,
        subject: session.user.subject,
      });
      return username;
    });
    return this.as(organization.slug, this.progress.state.done[`${organization.slug}/administrator`]);
  }

  async staff(organization, username, role, displayName, doctorId) {
    await this.progress.step(`${organization.slug}/user/${username}`, async (key) => {
      const admin = await this.administrator(organization);
      const made = await post(
        admin,
        '/users',
        { username, role, displayName, ...(doctorId ? { doctorId } : {}) },
        key,
      );
      this.addUser({
        organization: organization.slug,
        username,
        password: made.initialPassword,
        role,
        subject: made.subject,
      });
      return made.subject;
    });
  }

  async doctor(organization, doctor, username) {
    const id = await this.progress.step(`${organization.slug}/doctor/${doctor.name}`, async (key) => {
      const admin = await this.administrator(organization);
      return (await post(admin, '/doctors', doctor, key)).id;
    });
    await this.staff(organization, username, 'doctor', doctor.name, id);
    return id;
  }

  async patient(organization, input, username) {
    const made = await this.progress.step(`patient/${username}`, async (key) => {
      const admin = await this.administrator(organization);
      this.report(`Registering ${username} …`);
      const { registrationNo, ledgerId, activationCode } = await post(admin, '/patients', input, key);
      return { registrationNo, ledgerId, activationCode };
    });
    return { ...made, username, organization };
  }

  /** @param choices what the patient decides at once; the rest is asked at the first sign-in */
  async activate(patient, choices) {
    await this.progress.step(`activation/${patient.username}`, async () => {
      const password = this.progress.secret(`password/${patient.username}`);
      const passphrase = `${this.progress.secret(`passphrase/${patient.username}`)} demo`;
      const client = new MedsealClient(this.url);
      try {
        await PatientDevice.activate(client, {
          organization: patient.organization.slug,
          activationCode: patient.activationCode,
          username: patient.username,
          password,
          passphrase,
          choices,
        });
      } catch (error) {
        // The answer of an activation that a kill cut off: the account is there.
        const isDone =
          error instanceof ProblemError &&
          (await client.login(patient.organization.slug, patient.username, password).then(
            () => true,
            () => false,
          ));
        if (!isDone) throw error;
      }
      this.addUser({
        organization: patient.organization.slug,
        username: patient.username,
        password,
        passphrase,
        role: 'patient',
        subject: patient.ledgerId,
        registrationNo: patient.registrationNo,
      });
    });
  }

  async visit(name, patient, doctorId, encounter) {
    return this.progress.step(`visit/${name}`, async (key) => {
      const admin = await this.administrator(patient.organization);
      const route = `/patients/${patient.registrationNo}/encounters`;
      return (await post(admin, route, { doctorId, ...encounter }, key)).id;
    });
  }

  async record(name, patient, author, record) {
    const client = await this.as(patient.organization.slug, author);
    const id = await this.progress.step(`record/${name}`, async (key) => {
      const body = { registrationNo: patient.registrationNo, ...record };
      return (await post(client, '/records', body, key)).recordId;
    });
    await this.progress.step(`complete/${name}`, async () => {
      const { slug } = patient.organization;
      await completeByRoles(id, {
        author: client,
        sanitizer: await this.as(slug, 'sanitizer'),
        verifier: await this.as(slug, 'verifier1'),
      });
    });
  }

  writeSignIns() {
    const file = path.join(this.folder, 'demo.json');
    writeFileSync(`${file}.new`, JSON.stringify({ url: this.url, users: this.users }, null, 2), {
      mode: 0o600,
    });
    renameSync(`${file}.new`, file);
  }
}

async function loadStaff(demo) {
  const { doctors } = JSON.parse(readFileSync(path.join(ROOT, 'scripts/demo/paper.json'), 'utf8'));
  const [sundar, anuradha, rajini] = doctors;
  const [ministry, city, lakeside] = demo.organizations;
  const ids = {};
  demo.report('Looking after the demo …');
  await demo.administrator(ministry);
  ids[sundar.name] = await demo.doctor(city, sundar, 'sundar');
  ids[anuradha.name] = await demo.doctor(city, anuradha, 'anuradha');
  ids[rajini.name] = await demo.doctor(lakeside, rajini, 'rajini');
  ids['Dr. Meena'] = await demo.doctor(
    lakeside,
    { name: 'Dr. Meena', specialization: 'General Medicine' },
    'meena',
  );
  for (const hospital of [city, lakeside]) {
    for (const role of STAFF.slice(1)) {
      for (let number = 1; number <= (role === 'verifier' ? 2 : 1); number++) {
        const name = role === 'verifier' ? `${role}${number}` : role;
        await demo.staff(hospital, name, role, `${hospital.name} ${name}`);
      }
    }
  }
  return ids;
}

async function loadPaper(demo, doctorIds) {
  const paper = JSON.parse(readFileSync(path.join(ROOT, 'scripts/demo/paper.json'), 'utf8'));
  const [, city, lakeside] = demo.organizations;
  const homeOf = (doctor) => (doctor === 'Dr. Rajini' ? lakeside : city);
  const patients = new Map();
  for (const { name, doctor, contactNo } of paper.patients) {
    const input = { name, contactNo, doctorId: doctorIds[doctor] };
    patients.set(name, await demo.patient(homeOf(doctor), input, name.toLowerCase()));
  }
  // Geetha and Siva activate first; Arul's first record is written while he is still keyless.
  await demo.activate(patients.get('Geetha'));
  await demo.activate(patients.get('Siva'), CHOICES);
  for (const [index, row] of paper.records.entries()) {
    const patient = patients.get(row.patient);
    const name = `paper-${index}`;
    await demo.visit(name, patient, doctorIds[row.doctor], {
      class: 'AMB',
      reason: row.disease,
      period: { start: `${row.effectiveDate}T09:00:00Z`, end: `${row.effectiveDate}T09:20:00Z` },
    });
    await demo.record(name, patient, row.doctor.replace('Dr. ', '').toLowerCase(), {
      effectiveDate: row.effectiveDate,
      disease: row.disease,
      document: {
        progressNotes: [{ text: `Seen for ${row.disease}.`, date: row.effectiveDate }],
        problems: [{ text: row.disease, date: row.effectiveDate }],
      },
    });
    if (row.patient === 'Arul') await demo.activate(patient);
  }
}

async function loadFhir(demo) {
  const [, city, lakeside] = demo.organizations;
  const all = fhirPatients(path.join(ROOT, 'scripts/demo/fhir'));
  for (const [index, person] of all.entries()) {
    const before = demo.progress.stepsDone;
    const home = index % 2 === 0 ? city : lakeside;
    const author = home === city ? ['sundar', 'Dr. Sundar'] : ['meena', 'Dr. Meena'];
    const doctorId = demo.progress.state.done[`${home.slug}/doctor/${author[1]}`];
    const patient = await demo.patient(home, { ...person.demographics, doctorId }, person.username);
    // Some have decided everything, some nothing.
    await demo.activate(patient, index % 3 !== 0 ? CHOICES : undefined);
    for (const [number, visit] of person.visits.entries()) {
      const name = `${person.username}-${number}`;
      await demo.visit(name, patient, doctorId, visit.encounter);
      await demo.record(name, patient, author[0], visit.record);
    }
    if (demo.progress.stepsDone === before) continue;
    demo.writeSignIns();
    demo.report(`Loaded FHIR patient ${index + 1} of ${all.length}.`);
  }
}

/** `demo`: `none` = staff only, `paper` = and the paper's rows, `full` = and, from `rest()`, the FHIR patients. */
export async function loadDemo({ url, folder, demo: wanted, organizations, progress: report }) {
  const demo = new Demo({ url, folder, organizations, report });
  const doctorIds = await loadStaff(demo);
  if (wanted !== 'none') await loadPaper(demo, doctorIds);
  demo.writeSignIns();
  return {
    users: demo.users,
    rest: async () => {
      if (wanted === 'full') await loadFhir(demo);
    },
  };
}

export function printSignIns(url, users) {
  console.log(
    `\n  ${'organisation'.padEnd(13)}${'user name'.padEnd(16)}${'role'.padEnd(16)}${'password'.padEnd(22)}passphrase`,
  );
  for (const user of users) {
    const cells = [
      user.organization.padEnd(13),
      user.username.padEnd(16),
      user.role.padEnd(16),
      user.password.padEnd(22),
    ];
    console.log(`  ${cells.join('')}${user.passphrase ?? ''}`);
  }
  console.log('');
}
