/** Whoever has started the daemon, such as systemd, is told how far it is. @source sd_notify(3) */
import {
  AddressFamily,
  encodeUnixAddress,
  KernelError,
  openSocket,
  sendBytes,
  SocketType,
} from '@skep/sys';

/** Lines of `NAME=value`; nobody is told where nobody asks to be. One who is gone is no error. */
export function tellManager(state: string, path = process.env.NOTIFY_SOCKET): void {
  if (!path) return;
  const socket = openSocket(AddressFamily.UNIX, SocketType.DGRAM);
  try {
    sendBytes(socket, Buffer.from(state), encodeUnixAddress(path));
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
  } finally {
    socket.close();
  }
}
