#!/usr/bin/env node
// Here before anything is built, so that an installation can link it.
require('../dist/verify/audit-command.js');
