/** Ends the process with one clear line. */
export function fail(message, code = 1) {
  process.stderr.write(`medseal: ${message}\n`);
  process.exit(code);
}
