/** One end of a conversation over sockets, in text. */
import {
  decodeInternetAddress,
  encodeInternetAddress,
  type Fd,
  peerAddress,
  receiveBytes,
  sendBytes,
  setSocketOption,
  SocketLevel,
  SocketOption,
} from '@skep/sys';
import { formatAddress, parseAddress } from '@skep/wire';

const LENGTH_MAX = 2048;
/** A fifth of a second. @source struct timeval, include/uapi/linux/time.h */
const patience = new Uint8Array(new BigInt64Array([0n, 200_000n]).buffer);

/** `10.0.0.1:80` as the kernel takes it. */
export function encode(text: string): Uint8Array {
  const at = text.lastIndexOf(':');
  const address = parseAddress(text.slice(0, at)).bytes;
  return encodeInternetAddress({ address, port: Number(text.slice(at + 1)) });
}

function decode(bytes: Uint8Array): string {
  const { address, port } = decodeInternetAddress(bytes);
  return `${formatAddress({ family: address.length === 4 ? 4 : 6, bytes: address })}:${port}`;
}

/** One end of a conversation. */
export class Talker {
  constructor(readonly socket: Fd<'socket'>) {
    setSocketOption(socket, SocketLevel.SOCKET, SocketOption.RCVTIMEO, patience);
  }

  /** @throws KernelError */
  send(text: string, to?: string): void {
    sendBytes(this.socket, Buffer.from(text), to === undefined ? null : encode(to));
  }

  /** What has arrived, or does within a moment; `undefined` where nothing does. */
  receive(): string | undefined {
    const bytes = new Uint8Array(LENGTH_MAX);
    const length = receiveBytes(this.socket, bytes);
    return length === undefined ? undefined : Buffer.from(bytes.subarray(0, length)).toString();
  }

  /** Whom getpeername(2) says it talks to. */
  get peer(): string {
    return decode(peerAddress(this.socket));
  }
}
