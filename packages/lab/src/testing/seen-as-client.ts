/** For the live test of masquerade: who asks the server of `seen-as-main.ts`, from an endpoint. */
import { createSocket } from 'node:dgram';
import { connect, isIPv6, type Socket } from 'node:net';

/** What is asked for; a connection stays open under its name. */
export interface SeenAsRequest {
  readonly do: 'tcp' | 'udp' | 'say' | 'exchange' | 'stream' | 'large';
  readonly name?: string;
  readonly address?: string;
  readonly port?: number;
  readonly localPort?: number;
  /** Bytes of a datagram or a stream; lines. */
  readonly count?: number;
}

const TIMEOUT_MILLISECONDS = 1500 * Number(process.env.SKEP_TIME_SCALE ?? 1);
const PAUSE_MILLISECONDS = 5;
const LARGE_TRIES = 5;
const connections = new Map<string, Socket>();

process.on('message', (request: SeenAsRequest) => {
  handle(request).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit(0));

async function handle(request: SeenAsRequest): Promise<string> {
  switch (request.do) {
    case 'tcp':
      return open(request);
    case 'udp':
      return datagram(request, Buffer.from('who'));
    case 'say':
      return say(connections.get(request.name!)!);
    case 'exchange':
      return exchange(request);
    case 'stream':
      return stream(request);
    case 'large':
      return large(request);
  }
}

function open({ name = '', address = '', port = 0, localPort }: SeenAsRequest): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, ...(localPort && { localPort }) });
    connections.set(name, socket);
    const timer = setTimeout(() => resolve('silence'), TIMEOUT_MILLISECONDS);
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
    socket.on('connect', () => {
      clearTimeout(timer);
      resolve(say(socket));
    });
  });
}

function say(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('silence'), TIMEOUT_MILLISECONDS);
    socket.once('data', (data) => {
      clearTimeout(timer);
      resolve(data.toString());
    });
    socket.write('who');
  });
}

/** A retransmission takes longer than the pause, so that a lost packet shows. */
async function exchange({ name, count = 0 }: SeenAsRequest): Promise<string> {
  const answers = new Set<string>();
  for (let index = 0; index < count; index++) {
    answers.add(await say(connections.get(name!)!));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
  }
  return [...answers].join(', ');
}

/** Resolves when all has been handed to the kernel. */
function stream({ name, count = 0 }: SeenAsRequest): Promise<string> {
  const socket = connections.get(name!)!.resume();
  return new Promise((resolve) => {
    socket.write(Buffer.alloc(count), (error) => resolve(error ? String(error) : 'sent'));
  });
}

function datagram(request: SeenAsRequest, bytes: Buffer): Promise<string> {
  const { address = '', port = 0, localPort = 0 } = request;
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const settle = (answer: string): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => settle('silence'), TIMEOUT_MILLISECONDS / 3);
    socket.on('message', (answer) => {
      const isSame = answer.length === bytes.length;
      settle(isSame ? `${answer.length} bytes` : answer.toString());
    });
    socket.on('error', (error: NodeJS.ErrnoException) => settle(String(error.code)));
    socket.bind(localPort, () => socket.connect(port, address, () => socket.send(bytes)));
  });
}

/** The first ones are too large for the way; once that is known, they are sent in fragments. */
async function large(request: SeenAsRequest): Promise<string> {
  const heard: string[] = [];
  for (let index = 0; index < LARGE_TRIES; index++) {
    const answer = await datagram(request, Buffer.alloc(request.count ?? 0, 0xa5));
    heard.push(answer);
    if (answer.endsWith('bytes')) break;
  }
  return heard.join(', ');
}
