import 'reflect-metadata';
import { ConfigError, readConfig } from './config.js';

/** `node main.js <config.json>`: prints one JSON line when ready, logs to stderr, ends on SIGTERM. */
const main = async (): Promise<void> => {
  const [, , file] = process.argv;
  if (file === undefined) throw new ConfigError('Usage: node main.js <config.json>');
  const config = readConfig(file);
  const { startGateway } = await import('./gateway.js');
  const gateway = await startGateway(config);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    gateway.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`medseal gateway: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exit(1);
      },
    );
  };
  void gateway.lost.then((error) => {
    process.stderr.write(`medseal gateway: ${oneLine(error)}\n`);
    process.exit(1);
  });
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ ready: true, url: gateway.url })}\n`);
};

main().catch((error: unknown) => {
  process.stderr.write(`medseal gateway cannot start: ${oneLine(error)}\n`);
  process.exit(1);
});

function oneLine(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
      return 'the disk is full: free some space and start again.';
    case 'EROFS':
      return 'the disk is read-only: choose another folder or remount it.';
    case 'EACCES':
    case 'EPERM':
      return `this user may not write there (${message}): change the folder or its owner.`;
    default:
      return message ?? String(error);
  }
}
