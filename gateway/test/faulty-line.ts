import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** What becomes of connections: `asked` bytes go to the server, `answered` ones come back. */
export interface LineFault {
  /** Takes connections and passes nothing on. */
  silent?: boolean;
  /** Passes no more on after this many bytes to the server, and keeps the connection. */
  holdAfter?: number;
  /** Breaks each connection after this many bytes of its answer. */
  cutAfter?: number;
  /** Bytes that are changed on their way to the server, into others of the same length. */
  damage?: [Buffer, Buffer];
  /** The same on their way back. */
  damageBack?: [Buffer, Buffer];
  /** Answers every request with this, asking nobody. */
  answer?: string;
  /** Answers those requests whose first line is such with this. */
  refuse?: { request: RegExp; answer: string };
}

/** A network between a client and a server on this machine, with the faults that networks and servers have. */
export class FaultyLine {
  private fault: LineFault = {};
  /** Bytes passed on to the server, and connections made, since the fault was set. */
  asked = 0;
  connections = 0;
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private port = 0;

  constructor(private readonly target: URL) {}

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Again after `down`, on the same port. */
  async up(): Promise<void> {
    if (this.server !== undefined) return;
    this.server = createServer((socket) => this.connect(socket));
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as { port: number }).port;
  }

  /** Connections are refused from now on. */
  async down(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    this.breakAll();
    if (server === undefined) return;
    server.close();
    await once(server, 'close');
  }

  /** From now on, for connections that are new. */
  set(fault: LineFault): void {
    this.breakAll();
    this.asked = 0;
    this.connections = 0;
    this.fault = fault;
  }

  private breakAll(): void {
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }

  private connect(client: Socket): void {
    const { fault } = this;
    this.connections++;
    this.keep(client);
    if (fault.silent) return void client.resume();
    const { answer } = fault;
    if (answer !== undefined) {
      client.once('data', () => client.end(answer));
      return;
    }
    const server = createConnection(Number(this.target.port), this.target.hostname);
    this.keep(server);
    server.once('close', () => client.destroy());
    client.once('close', () => server.destroy());
    let answered = 0;
    client.on('data', (bytes: Buffer) => {
      if (fault.holdAfter !== undefined && this.asked > fault.holdAfter) return;
      if (fault.refuse?.request.test(bytes.toString('latin1', 0, 1_000).split('\r\n')[0]!)) {
        client.end(fault.refuse.answer);
        server.destroy();
        return;
      }
      this.asked += bytes.length;
      pass(client, server, fault.damage === undefined ? bytes : replaced(bytes, ...fault.damage));
    });
    server.on('data', (received: Buffer) => {
      const bytes = fault.damageBack === undefined ? received : replaced(received, ...fault.damageBack);
      answered += bytes.length;
      if (fault.cutAfter === undefined || answered <= fault.cutAfter) return pass(server, client, bytes);
      client.end(bytes.subarray(0, bytes.length - (answered - fault.cutAfter)));
      server.destroy();
    });
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.sockets.delete(socket));
  }
}

/** No faster than it is taken, so that nothing heaps up here. */
const pass = (from: Socket, to: Socket, bytes: Buffer): void => {
  if (to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
};

const replaced = (bytes: Buffer, from: Buffer, to: Buffer): Buffer => {
  const at = bytes.indexOf(from);
  if (at < 0) return bytes;
  const damaged = Buffer.from(bytes);
  to.copy(damaged, at);
  return damaged;
};
