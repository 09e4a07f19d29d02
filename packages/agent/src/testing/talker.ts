/** The other process of the live tests: started inside an endpoint's namespace. */
import { connect, createServer, type Socket } from 'node:net';

interface Request {
  readonly serve?: number;
  readonly connect?: string;
  readonly port?: number;
  readonly say?: string;
  readonly listen?: number;
}

const TIMEOUT_MILLISECONDS = 1000;
let socket: Socket | undefined;

process.on('message', (request: Request) => {
  handle(request).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit(0));

async function handle(request: Request): Promise<string> {
  if (request.serve !== undefined) return serve(request.serve);
  if (request.connect !== undefined) return open(request.connect, request.port ?? 0);
  if (request.say !== undefined) socket?.write(request.say);
  return hear(request.listen ?? TIMEOUT_MILLISECONDS);
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
