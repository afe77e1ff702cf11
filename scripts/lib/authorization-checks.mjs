import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

// Finds every authorisation check in the sources by its shape, and what stands there when it is removed.

/** Contract codes that tell a caller that they may not, whatever they ask for. */
const REFUSALS = new Set([
  'NOT_ALLOWED',
  'WRONG_PEER',
  'ENCOUNTER_NOT_OPEN',
  'DEVICE_KEY_DIFFERS',
  'ORGANIZATION_NOT_FOUND',
  'ORGANIZATION_SUSPENDED',
  'STAFF_NOT_FOUND',
  'STAFF_SUSPENDED',
  'STAFF_REVOKED',
  'PATIENT_DELETED',
  'PRIVATE_PART_MISSING',
  'PRIVATE_PART_DIFFERS',
  'UNKNOWN_FUNCTION',
]);
/** Calls that refuse by themselves; each place where one stands is a check of its own. */
const REFUSING_CALLS = new Set([
  'checkNewPatient',
  'checkStaffEntry',
  'checkOrganization',
  'checkPatient',
  'checkStaff',
  'requireMinistry',
  'requireTreatment',
  'requireAuthorOrService',
  'requirePending',
  'requireOpenEncounter',
  'requireOwnDoctor',
  'requireSignature',
]);
const EVERY_ROLE = `['system-manager', 'hospital-admin', 'doctor', 'verifier', 'sanitizer', 'auditor', 'researcher', 'patient', 'service']`;
const STATUSES = new Set(['401', '403']);

/**
 * Checks that have no shape of their own: what a caller sees of an answer, and conditions inside SQL. Each is the text
 * of an expression that its file has once, or the part between « and » of such a text.
 */
const BY_HAND = [
  {
    file: 'chaincode/src/contracts/server.ts',
    what: 'Invoke: a contract is named',
    removed: '!Object.hasOwn(this.served, contract)',
    replacement: 'false',
  },
  {
    file: 'chaincode/src/ledger/authorization.ts',
    what: 'callerOf: the subject is well formed',
    removed: "{ mspId, role, subject: wellFormed(named, 'medseal.subject'), certificate }",
    replacement: "{ mspId, role, subject: named ?? '', certificate }",
  },
  {
    file: 'chaincode/src/contracts/access.ts',
    what: 'getReceipt: the reader',
    removed: 'receipt.reader === caller.subject',
    replacement: 'true',
  },
  {
    file: 'chaincode/src/contracts/access.ts',
    what: 'isEntitled: the author',
    removed: 'head.author === subject && head.hospital === mspId',
    replacement: 'head.hospital === mspId',
  },
  {
    file: 'chaincode/src/contracts/access.ts',
    what: 'isEntitled: hospital or home',
    removed: 'owners.get(head.ledgerId)?.homeMsp === mspId',
    replacement: 'true',
  },
  {
    file: 'gateway/src/auth/accounts.service.ts',
    what: 'the status on the ledger',
    removed:
      "«`COALESCE(\n  (SELECT f.status FROM staff f WHERE f.staff_id = accounts.subject AND f.status <> 'active'), accounts.status)`»",
    replacement: "'accounts.status'",
    isAtLoad: true,
  },
  {
    file: 'gateway/src/auth/sessions.service.ts',
    what: 'authenticate: the account is active',
    removed: "row === undefined || «row.status !== 'active'»",
    replacement: 'false',
  },
  {
    file: 'gateway/src/auth/sessions.service.ts',
    what: 'end: the session is of the subject',
    removed: "'DELETE FROM sessions WHERE id = $1 AND subject = $2 RETURNING id'",
    replacement: "'DELETE FROM sessions WHERE id = $1 AND $2::text IS NOT NULL RETURNING id'",
  },
  {
    file: 'gateway/src/auth/sessions.service.ts',
    what: 'list: sessions of the subject',
    removed:
      '`SELECT id, created_at, last_used_at, expires_at, remember FROM sessions\n        WHERE subject = $1 AND expires_at > $2 AND (remember OR last_used_at > $3) ORDER BY created_at, id`',
    replacement:
      '`SELECT id, created_at, last_used_at, expires_at, remember FROM sessions\n        WHERE $1::text IS NOT NULL AND expires_at > $2 AND (remember OR last_used_at > $3) ORDER BY created_at, id`',
  },
  {
    file: 'gateway/src/auth/auth.service.ts',
    what: 'signIn: the account is active',
    removed: "«account?.status === 'active'» && wrappingKey",
    replacement: 'account !== undefined',
  },
  {
    file: 'gateway/src/users/users.service.ts',
    what: "require: patients' accounts are theirs",
    removed: "account === undefined || «account.role === 'patient'»",
    replacement: 'false',
  },
  {
    file: 'gateway/src/users/users.service.ts',
    what: 'requireOwnDoctor: of the own hospital',
    removed: '«entry?.mspId !== organization.mspId» || ',
    replacement: 'entry === null',
  },
  {
    file: 'gateway/src/doctors/doctors.service.ts',
    what: 'answer: contact for hospitals',
    removed: "const entitled = «user.organization.kind === 'hospital'»",
    replacement: 'true',
  },
  {
    file: 'gateway/src/doctors/doctors.service.ts',
    what: 'answer: contact for staff',
    removed: "user.organization.kind === 'hospital' && «user.role !== 'patient'»",
    replacement: 'true',
  },
  {
    file: 'gateway/src/patients/patients.service.ts',
    what: "list: a patient's own entry",
    removed: "«user.role === 'patient'»\n        ? [",
    replacement: 'false',
  },
  {
    file: 'gateway/src/patients/patients.service.ts',
    what: 'get: not the treating team',
    removed: "patient === undefined || «patient.relation === 'treating'»",
    replacement: 'false',
  },
  {
    file: 'gateway/src/patients/patient-directory.ts',
    what: 'relation: roles of care',
    removed: '«!CARE_ROLES.has(user.role)» || ',
    replacement: 'false',
  },
  {
    file: 'gateway/src/patients/patient-directory.ts',
    what: 'relation: the owner',
    removed: "user.subject === entry.ledgerId ? 'owner' : undefined",
    replacement: "'owner'",
  },
  {
    file: 'gateway/src/patients/patient-directory.ts',
    what: 'relation: an open encounter',
    removed: "encounter === undefined ? undefined : 'treating'",
    replacement: "'treating'",
  },
  {
    file: 'gateway/src/patients/patient-directory.ts',
    what: 'relation: the home hospital',
    removed: '«entry.homeMsp === user.organization.mspId») return',
    replacement: 'true',
  },
  {
    file: 'gateway/src/patients/patient-directory.ts',
    what: 'homeEntries: of this hospital',
    removed:
      "`SELECT entry FROM patients WHERE home_msp = $1 AND status IN ('keyless', 'active') ORDER BY ledger_id`",
    replacement:
      "`SELECT entry FROM patients WHERE $1::text IS NOT NULL AND status IN ('keyless', 'active') ORDER BY ledger_id`",
  },
  {
    file: 'gateway/src/patients/known-patient.ts',
    what: 'knownPatient: the card is of this number',
    removed: 'card.number !== registrationNo',
    replacement: 'false',
  },
  {
    file: 'gateway/src/encounters/encounters.service.ts',
    what: 'list: a patient sees their own',
    removed: "«user.role === 'patient'»\n        ?",
    replacement: 'false',
  },
  {
    file: 'gateway/src/records/record-reader.ts',
    what: 'relationOf: the owner',
    removed: "user.subject === entry.ledgerId ? 'owner' : undefined",
    replacement: "'owner'",
  },
  {
    file: 'gateway/src/records/record-reader.ts',
    what: 'relationOf: the author',
    removed: 'if («entry.author === user.subject») return',
    replacement: "user.role === 'doctor'",
  },
  {
    file: 'gateway/src/records/record-reader.ts',
    what: 'relationOf: roles of the hospital',
    removed: '«HOSPITAL_ROLES.has(user.role)» && (entry.hospital',
    replacement: 'true',
  },
  {
    file: 'gateway/src/records/record-reader.ts',
    what: 'relationOf: writing or home hospital',
    removed: '(entry.hospital === own || homeMsp === own)',
    replacement: 'true',
  },
  {
    file: 'gateway/src/records/record-reader.ts',
    what: 'visibleTo: the owner',
    removed: "condition: «'rv.ledger_id = $1'»",
    replacement: "'$1::text IS NOT NULL'",
  },
  {
    file: 'gateway/src/records/record-reader.ts',
    what: 'visibleTo: the author',
    removed: "condition: «'rv.author = $1'»",
    replacement: "'$1::text IS NOT NULL'",
  },
  {
    file: 'gateway/src/records/record-reader.ts',
    what: 'visibleTo: writing or home hospital',
    removed: "'(rv.hospital = $1 OR p.home_msp = $1)'",
    replacement: "'$1::text IS NOT NULL'",
  },
  {
    file: 'gateway/src/records/record-steps.service.ts',
    what: 'complete: the author’s steps',
    removed: "row.relation !== 'author'",
    replacement: 'false',
  },
  {
    file: 'gateway/src/records/records.service.ts',
    what: 'views: who sees numbers',
    removed: '«SEES_NUMBERS.has(user.role)»\n',
    replacement: 'true',
  },
  {
    file: 'gateway/src/records/records.service.ts',
    what: "views: author's and owner's title line",
    removed: 'const seesTitle = «[entry.author, entry.ledgerId].includes(user.subject)»;',
    replacement: 'true',
  },
  {
    file: 'gateway/src/records/open-records.service.ts',
    what: 'openable: not the hospital',
    removed: "row === undefined || «row.relation === 'hospital'»",
    replacement: 'false',
  },
  {
    file: 'gateway/src/blockchain/report.service.ts',
    what: "report: a patient's own rows",
    removed: "user.role === 'patient' ? [user.subject] : undefined",
    replacement: 'undefined',
  },
  {
    file: 'gateway/src/blockchain/report.service.ts',
    what: 'report: whose numbers are looked up',
    removed: '«seesNames(user)» ? personal.patientByNumber(registrationNo)?.ledgerId : undefined',
    replacement: 'true',
  },
  {
    file: 'gateway/src/blockchain/report.service.ts',
    what: 'shown: roles that see names',
    removed: 'if («!owner && !seesNames(user)») return HIDDEN;',
    replacement: 'false',
  },
  {
    file: 'gateway/src/blockchain/report.service.ts',
    what: 'shown: a receipt',
    removed: 'needsReceipt = «anything && !owner && !isAuthor»',
    replacement: 'false',
  },
  {
    file: 'gateway/src/access-log/access-log.service.ts',
    what: 'ofOwner: the own number',
    removed: '«personal.patientByNumber(registrationNo)?.ledgerId !== user.subject») throw',
    replacement: 'personal.patientByNumber(registrationNo) === undefined',
  },
];

/**
 * The same names as long as the sources' order stays.
 *
 * @returns [{name, file, removed, edit: {form, from, to, replacement}, first, isAtLoad}]; `form` is expression, statement or
 *   decorator, the edit's places are offsets in the file's text, `first` are parts of the names of operations that most
 *   likely show the removal, and what `isAtLoad` works once, when its module is loaded
 */
export function authorizationChecks(root) {
  const files = [
    ...['chaincode/src/contracts', 'chaincode/src/ledger'].flatMap((folder) => sources(root, folder)),
    ...sources(root, 'gateway/src'),
  ];
  return [...files.flatMap((file) => checksOf(root, file)), ...BY_HAND.map((one) => byHand(root, one))];
}

export const isContractCheck = ({ file }) => file.startsWith('chaincode/');

/**
 * The file's text with all of its checks, each of which is left out while the file `choice` holds its number.
 *
 * @param checks of this file, with their numbers; one may lie within another
 */
export function switched(text, checks, choice) {
  const outerFirst = [...checks].sort((a, b) => a.edit.from - b.edit.from || b.edit.to - a.edit.to);
  const render = (from, to, inner) => {
    let out = '';
    let at = from;
    for (let index = 0; index < inner.length;) {
      const { number, edit } = inner[index];
      const after = inner.findIndex((one, place) => place > index && one.edit.from >= edit.to);
      const end = after === -1 ? inner.length : after;
      const nested = inner.slice(index + 1, end);
      const crossing = nested.find((one) => one.edit.to > edit.to);
      if (crossing !== undefined)
        throw new Error(`the checks ${inner[index].name} and ${crossing.name} cross`);
      const kept = render(edit.from, edit.to, nested);
      out += text.slice(at, edit.from);
      if (edit.form === 'expression') out += `(isRemoved(${number}) ? (${edit.replacement}) : (${kept}))`;
      if (edit.form === 'statement') out += `{ if (!isRemoved(${number})) ${kept} }`;
      if (edit.form === 'decorator') out += `@opened(${number}, ${kept.slice(1)})`;
      at = edit.to;
      index = end;
    }
    return out + text.slice(at, to);
  };
  return `${render(0, text.length, outerFirst)}\n${SWITCH(JSON.stringify(choice))}`;
}

/** `opened`: the decorator's list of roles has every role while the check is removed. */
const SWITCH = (choice) => `
function isRemoved(number: number): boolean {
  return process.getBuiltinModule('node:fs').readFileSync(${choice}, 'utf8') === String(number);
}
function opened(number: number, decorate: any): any {
  return (target: any, key: any, descriptor: any) => {
    const on = descriptor?.value ?? target;
    const { getOwnMetadataKeys, getMetadata, defineMetadata } = Reflect as any;
    const before = getOwnMetadataKeys(on);
    decorate(target, key, descriptor);
    for (const name of getOwnMetadataKeys(on).filter((one: unknown) => !before.includes(one))) {
      const get = (roles: any, property: any) =>
        property === 'includes' && isRemoved(number) ? () => true : roles[property];
      defineMetadata(name, new Proxy(getMetadata(name, on), { get }), on);
    }
  };
}
`;

/** The function's own operation; for what several functions of a file call, all of the file's; or the gateway's subject. */
const firstOf = (file, text, name) => {
  const [, , subject] = file.split('/');
  if (file.startsWith('gateway/'))
    return subject === 'activation' ? ['/auth/activate', '/auth/keyring'] : [`/${subject}`];
  if (!file.startsWith('chaincode/src/contracts/')) return [];
  const functions = [...text.matchAll(/^(?:export const| {2}async) (\w+)(?: = async)?\(?/gm)].map(
    ([, one]) => one,
  );
  return (functions.includes(name) ? [name] : functions).map((one) => `:${one}`);
};

function sources(root, folder) {
  return readdirSync(path.join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return sources(root, file);
      return /(?<!\.d)\.ts$/.test(entry.name) ? [file] : [];
    });
}

function byHand(root, { file, what, removed, replacement, isAtLoad = false }) {
  const [before, expression = removed] = removed.split(/[«»]/);
  const wanted = removed.replace(/[«»]/g, '');
  const text = readFileSync(path.join(root, file), 'utf8');
  const times = text.split(wanted).length - 1;
  if (times !== 1)
    throw new Error(`${file} has the text of the check "${what}" ${times} times, not once: ${wanted}`);
  const from = text.indexOf(wanted) + (expression === removed ? 0 : before.length);
  return {
    name: `${file} ${what}`,
    file,
    removed: wanted,
    edit: { form: 'expression', from, to: from + expression.length, replacement },
    first: firstOf(file, text, what.split(':')[0]),
    isAtLoad,
  };
}

function checksOf(root, file) {
  const text = readFileSync(path.join(root, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const isContract = file.startsWith('chaincode/');
  const found = [];
  const seen = new Map();
  const replace = (node, what, replacement, form = 'expression') => {
    const [from, to] = [node.getStart(source), node.end];
    const place = `${file} ${nameOf(node)}: ${what}`;
    const times = (seen.get(place) ?? 0) + 1;
    seen.set(place, times);
    found.push({
      name: times === 1 ? place : `${place} (${times})`,
      file,
      removed: text.slice(from, to).replace(/\s+/g, ' '),
      edit: { form, from, to, replacement },
      first: firstOf(file, text, nameOf(node)),
      isAtLoad: false,
    });
  };

  const visit = (node) => {
    if (ts.isIfStatement(node)) {
      const refusal = refusalOf(node.thenStatement, isContract);
      if (refusal !== undefined) replace(node.expression, refusal, 'false');
    }
    if (
      ts.isDecorator(node) &&
      ts.isCallExpression(node.expression) &&
      node.expression.expression.getText() === 'Roles'
    ) {
      replace(node, node.getText(), '', 'decorator');
    }
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const called = node.expression.text;
      if (called === 'authorizeAct' || called === 'authorizeQuery') ruleChecks(node, replace);
      if (called === 'onOwnPeer') {
        // The peer's own MSP is told to be the caller's.
        const [context, authorized] = node.arguments.map((one) => one.getText());
        replace(
          node,
          'onOwnPeer',
          `((authorized) => onOwnPeer({ stub: new Proxy(${context}.stub, { get: (stub, name) => name === 'getMSPID' || name === 'getMspID' ? () => authorized.caller.mspId : typeof stub[name] === 'function' ? stub[name].bind(stub) : stub[name] }) } as never, authorized as never))(${authorized})`,
        );
      }
    }
    if (ts.isExpressionStatement(node)) {
      const call = ts.isAwaitExpression(node.expression) ? node.expression.expression : node.expression;
      const called = ts.isCallExpression(call) ? lastName(call.expression) : undefined;
      if (called !== undefined && REFUSING_CALLS.has(called)) replace(node, `${called}()`, ';', 'statement');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Roles and kind of organisation of one function. */
function ruleChecks(call, replace) {
  const rule = call.arguments[1];
  if (rule === undefined || !ts.isObjectLiteralExpression(rule)) return;
  for (const property of rule.properties) {
    const name = property.name?.getText();
    if (name === 'roles' && property.initializer.getText() !== 'EVERYONE')
      replace(property.initializer, 'roles', EVERY_ROLE);
    if (name === 'organization') replace(property.initializer, 'organization', 'undefined');
  }
}

/** The code with which a statement does nothing but refuse the caller. */
function refusalOf(statement, isContract) {
  const only =
    ts.isBlock(statement) && statement.statements.length === 1 ? statement.statements[0] : statement;
  if (!ts.isThrowStatement(only)) return undefined;
  const thrown = only.expression;
  if (isContract) {
    const code = ts.isNewExpression(thrown) ? thrown.arguments?.[0] : undefined;
    return code !== undefined && ts.isStringLiteral(code) && REFUSALS.has(code.text) ? code.text : undefined;
  }
  if (!ts.isCallExpression(thrown)) return undefined;
  const name = lastName(thrown.expression);
  if (name === 'notFound') return 'NOT_FOUND';
  const [status, code] = thrown.arguments;
  return name === 'problem' &&
    status !== undefined &&
    STATUSES.has(status.getText()) &&
    code !== undefined &&
    ts.isStringLiteral(code)
    ? code.text
    : undefined;
}

const lastName = (expression) =>
  ts.isPropertyAccessExpression(expression)
    ? expression.name.text
    : ts.isIdentifier(expression)
      ? expression.text
      : undefined;

/** The function, method or class that holds the check. */
function nameOf(node) {
  for (let at = node.parent; at !== undefined; at = at.parent) {
    if (ts.isMethodDeclaration(at) || ts.isFunctionDeclaration(at) || ts.isClassDeclaration(at)) {
      if (at.name !== undefined) return at.name.getText();
    }
    if (ts.isVariableDeclaration(at) && at.initializer !== undefined && ts.isArrowFunction(at.initializer))
      return at.name.getText();
  }
  return 'file';
}
