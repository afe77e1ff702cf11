import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';

export const HOST = '127.0.0.1';

/** Below what systems give to outgoing connections, one of which could take a port before its process listens. */
const PORTS = { from: 10_000, to: 32_000 };

/**
 * Seconds pass between the choice of a port and its process listening on it, and others choose meanwhile. So who
 * chooses binds the UDP port of the same number for as long as it lives: others see that it is promised, the process
 * can still listen on TCP, and the system gives it back with the process's end, whatever that end was.
 */
const promised = new Map<number, Socket>();

/** Promises the port to this process, unless another one was promised it or listens on it. */
export async function reservePort(port: number): Promise<boolean> {
  const socket = promised.get(port) ?? (await promise(port));
  if (socket === undefined) return false;
  if (await canListen(port)) return true;
  promised.delete(port);
  socket.close();
  return false;
}

/** Ports on 127.0.0.1 that nobody listens on and nobody else was promised. */
export async function reservePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(PORTS.from, PORTS.to);
    if (!promised.has(port) && (await reservePort(port))) ports.push(port);
  }
  return ports;
}

/** Whether the port can be listened on at this moment. */
export function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}

function promise(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(undefined));
    socket.bind({ port, address: HOST, exclusive: true }, () => {
      socket.unref();
      promised.set(port, socket);
      resolve(socket);
    });
  });
}
