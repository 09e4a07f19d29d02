/** The other process of the live tests: started inside an endpoint's namespace. */
import { connect, createServer, type Socket } from 'node:net';

/**
 * What it is asked to do; `say` and `exchange` are for the connection that `connect` has opened.
 */
export interface TalkRequest {
  readonly serve?: number;
  readonly connect?: string;
  readonly port?: number;
  readonly say?: string;
  /** Milliseconds, on a machine of usual speed. */
  readonly listen?: number;
  /** So many lines, each answered before the next. */
  readonly exchange?: number;
}

/** How many times slower than usual this machine is, such as an emulated one. */
const TIME_SCALE = Number(process.env.SKEP_TIME_SCALE ?? 1);
const TIMEOUT_MILLISECONDS = 1000 * TIME_SCALE;
const PAUSE_MILLISECONDS = 5;
let socket: Socket | undefined;

process.on('message', (request: TalkRequest) => {
  handle(request).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit(0));

async function handle(request: TalkRequest): Promise<string> {
  if (request.serve !== undefined) return serve(request.serve);
  if (request.connect !== undefined) return open(request.connect, request.port ?? 0);
  if (request.exchange !== undefined) return exchange(request.exchange);
  if (request.say !== undefined) socket?.write(request.say);
  return hear(request.listen === undefined ? TIMEOUT_MILLISECONDS : request.listen * TIME_SCALE);
}

/** Echoes. */
function serve(port: number): Promise<string> {
  const server = createServer((peer) => peer.on('error', () => {}).pipe(peer));
  return new Promise((resolve) => server.listen(port, '::', () => resolve('serving')));
}

function open(host: string, port: number): Promise<string> {
  socket?.destroy();
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('silence'), TIMEOUT_MILLISECONDS);
    socket = connect({ host, port }, () => {
      clearTimeout(timer);
      resolve('connected');
    });
    socket.on('error', () => {});
  });
}

/** A retransmission takes longer than the pause, so that a lost packet shows. */
async function exchange(count: number): Promise<string> {
  let answered = 0;
  let longest = 0;
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    socket?.write(`line ${index}`);
    if ((await hear(TIMEOUT_MILLISECONDS)) === `line ${index}`) answered++;
    longest = Math.max(longest, performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
  }
  const pace = longest < TIMEOUT_MILLISECONDS ? 'longest under a second' : `longest ${longest} ms`;
  return `${answered} of ${count} answered, ${pace}`;
}

/** What comes next on the connection. */
function hear(milliseconds: number): Promise<string> {
  return new Promise((resolve) => {
    const onData = (data: Buffer): void => {
      clearTimeout(timer);
      resolve(data.toString());
    };
    const timer = setTimeout(() => {
      socket?.off('data', onData);
      resolve('silence');
    }, milliseconds);
    socket?.once('data', onData);
  });
}
