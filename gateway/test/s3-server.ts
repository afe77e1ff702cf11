import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { reservePorts } from '@medseal/embedded-fabric/free-ports';

// It tells of Node 22; the version that is used is fixed.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

/** A program that speaks S3, as it is started for the tests. */
interface Program {
  name: string;
  start(port: number, folder: string): { file: string; args: string[] };
}

const onPath = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));

const versitygw = process.env['VERSITYGW_BIN'] || onPath('versitygw');
const moto = onPath('moto_server');

const program = ((): Program | undefined => {
  if (versitygw !== undefined)
    return {
      name: 'versitygw',
      start: (port, folder) => ({
        file: versitygw,
        args: ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', folder],
      }),
    };
  if (moto !== undefined)
    return {
      name: 'moto_server',
      start: (port) => ({ file: moto, args: ['-H', '127.0.0.1', '-p', String(port)] }),
    };
  return undefined;
})();

/** An endpoint whose credentials are in the environment, used as it is. */
const running = process.env['MEDSEAL_TEST_S3'];

/** Which server the tests run against, or why they cannot. */
export const S3_SERVER: { name: string } | { missing: string } =
  running !== undefined
    ? { name: new URL(running).host }
    : program !== undefined
      ? { name: program.name }
      : { missing: 'no S3 server: set VERSITYGW_BIN or MEDSEAL_TEST_S3, or have versitygw or moto_server' };

/** A server with an empty bucket. */
export class S3Server {
  private constructor(
    readonly endpoint: URL,
    readonly bucket: string,
    readonly client: S3Client,
    private readonly child: ChildProcess | undefined,
    private readonly folder: string,
  ) {}

  /**
   * Sets the credentials of this process's environment where it starts a server of its own.
   * @param objects folder for the server's objects, where it keeps them in one
   */
  static async start(objects?: string): Promise<S3Server> {
    const folder = await mkdtemp(join(tmpdir(), 'medseal-s3-'));
    let child: ChildProcess | undefined;
    let endpoint: URL;
    if (running === undefined) {
      const port = (await reservePorts(1))[0]!;
      process.env['AWS_ACCESS_KEY_ID'] ??= randomBytes(10).toString('hex');
      process.env['AWS_SECRET_ACCESS_KEY'] ??= randomBytes(20).toString('hex');
      const env = {
        ...process.env,
        ROOT_ACCESS_KEY: process.env['AWS_ACCESS_KEY_ID'],
        ROOT_SECRET_KEY: process.env['AWS_SECRET_ACCESS_KEY'],
      };
      endpoint = new URL(`http://127.0.0.1:${port}`);
      const kept = objects ?? join(folder, 'objects');
      await mkdir(kept, { recursive: true });
      const { file, args } = program!.start(port, kept);
      child = spawn(file, args, { stdio: 'ignore', cwd: folder, detached: true, env });
    } else endpoint = new URL(running);
    const bucket = `medseal-${randomBytes(6).toString('hex')}`;
    const client = new S3Client({
      region: process.env['AWS_REGION'] ?? 'us-east-1',
      endpoint: endpoint.origin,
      forcePathStyle: true,
    });
    const server = new S3Server(endpoint, bucket, client, child, folder);
    try {
      await server.makeBucket();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  async stop(): Promise<void> {
    this.client.destroy();
    // The group: some servers start a process of their own.
    if (this.child?.pid !== undefined && this.child.exitCode === null) {
      process.kill(-this.child.pid, 'SIGKILL');
      await new Promise((resolve) => this.child!.once('exit', resolve));
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  private async makeBucket(): Promise<void> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      try {
        await this.client.send(new CreateBucketCommand({ Bucket: this.bucket }));
        return;
      } catch (error) {
        if (this.child?.exitCode != null)
          throw new Error(`the S3 server ended with ${this.child.exitCode}`, { cause: error });
        if (Date.now() > deadline) throw error;
        await sleep(100);
      }
    }
  }
}
