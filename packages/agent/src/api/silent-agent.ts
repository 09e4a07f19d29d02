/** Who it is that does not answer, and what can be done about it. */
import { readFileSync } from 'node:fs';
import {
  AddressFamily,
  connectSocket,
  encodeUnixAddress,
  getSocketOption,
  KernelError,
  openSocket,
  SocketLevel,
  SocketOption,
  SocketType,
} from '@skep/sys';
import { AgentError, type AgentSilentError } from './client.ts';

/** @source struct ucred, include/linux/socket.h: process, user and group */
const CREDENTIALS_LENGTH = 12;

/** The error with the process that it is about, and what to try. */
export function explainSilence(error: AgentSilentError): AgentError {
  const pid = findListener(error.socketPath);
  const advice = [
    'give it longer by --timeout where it may be at something long',
    'or `systemctl restart skep-agent`, or end it by kill -9 and start it again',
    'its endpoints keep their traffic meanwhile',
  ].join('; ');
  if (pid === undefined) return new AgentError(error.code, `${error.message} (${advice})`);
  const state = stateOf(pid);
  const found = `${error.message}: process ${pid} is ${state ?? 'gone'}`;
  if (state === STATES.T) return new AgentError(error.code, `${found} (kill -CONT ${pid})`);
  return new AgentError(error.code, `${found} (${advice})`);
}

/** The process that has bound a unix socket; `undefined` where the kernel does not tell. */
function findListener(path: string): number | undefined {
  // A queue that is full would hold this process up as well.
  const socket = openSocket(AddressFamily.UNIX, SocketType.STREAM | SocketType.NONBLOCK);
  try {
    connectSocket(socket, encodeUnixAddress(path));
    const { SOCKET } = SocketLevel;
    const found = getSocketOption(socket, SOCKET, SocketOption.PEERCRED, CREDENTIALS_LENGTH);
    const pid = new DataView(found.buffer, found.byteOffset).getInt32(0, true);
    return pid > 0 ? pid : undefined;
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return undefined;
  } finally {
    socket.close();
  }
}

/** What the kernel's letters for a process mean. @source proc_pid_stat(5) */
const STATES = {
  R: 'busy',
  S: 'waiting for something',
  D: 'waiting for the kernel',
  T: 'stopped',
  t: 'stopped by a debugger',
} as const;

function stateOf(pid: number): (typeof STATES)[keyof typeof STATES] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before it may have brackets of its own.
    return STATES[text[text.lastIndexOf(')') + 2] as keyof typeof STATES];
  } catch {
    return undefined;
  }
}
