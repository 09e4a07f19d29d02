/** What needs root: namespaces, mounts, mappings and readiness; in namespaces of its own only. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { AddressFamily, MessageFlag, SocketType } from './abi/socket.ts';
import type { Fd } from './descriptor.ts';
import { syscall } from './door.ts';
import { KernelError } from './kernel-error.ts';
import {
  findCgroupMount,
  isBpfFileSystem,
  mountBpfFileSystem,
  unmountBpfFileSystem,
} from './mount.ts';
import {
  createNamedNetworkNamespace,
  deleteNamedNetworkNamespace,
  inNetworkNamespace,
  inNewNetworkNamespace,
  namedNamespacePath,
  openOwnNetworkNamespace,
} from './namespace.ts';
import { linkLayerAddress, openPacketSocket, receiveFrame, sendFrame } from './packet-socket.ts';
import { EVERY_ETHER_TYPE } from './packet-socket.ts';
import { type Watch, watchReadable } from './readiness.ts';
import { bindSocket, openSocket, receiveBytes, sendBytes, socketAddress } from './socket.ts';

const cannotMakeNamespaces = findHindrance();

function findHindrance(): string | false {
  try {
    inNewNetworkNamespace(() => undefined);
    return false;
  } catch (error) {
    return `network namespaces cannot be made here: ${(error as Error).message}`;
  }
}

/** Such as `net:[4026531833]`. */
function currentNamespace(): string {
  return readlinkSync('/proc/thread-self/ns/net');
}

describe('network namespaces', { skip: cannotMakeNamespaces }, () => {
  test('a task runs inside and the thread is back outside', () => {
    const home = currentNamespace();
    const inside = inNewNetworkNamespace(currentNamespace);
    assert.notEqual(inside, home);
    assert.equal(currentNamespace(), home);
  });

  test('the thread is back after an error and after a promise', () => {
    const home = currentNamespace();
    const failing = () => {
      throw new Error('inside');
    };
    assert.throws(() => inNewNetworkNamespace(failing), /inside/);
    assert.equal(currentNamespace(), home);
    assert.throws(() => inNewNetworkNamespace(async () => 1), /expected a synchronous function/);
    assert.equal(currentNamespace(), home);
  });

  test('tasks nest', () => {
    const home = currentNamespace();
    const [outer, inner, again] = inNewNetworkNamespace(() => {
      const before = currentNamespace();
      return [before, inNewNetworkNamespace(currentNamespace), currentNamespace()];
    });
    assert.equal(outer, again);
    assert.equal(new Set([home, outer, inner]).size, 3);
  });

  test('a named one is made, entered and deleted', (t) => {
    const name = `skep-trial-${process.pid}`;
    t.after(() => deleteNamedNetworkNamespace(name));
    createNamedNetworkNamespace(name);
    const path = namedNamespacePath(name);
    assert.throws(() => createNamedNetworkNamespace(name), /skep-trial-\d+: EEXIST/);
    const inside = inNetworkNamespace(path, currentNamespace);
    assert.notEqual(inside, currentNamespace());
    assert.equal(inNetworkNamespace(path, currentNamespace), inside);
    assert.equal(deleteNamedNetworkNamespace(name), true);
    assert.equal(deleteNamedNetworkNamespace(name), false);
    assert.equal(existsSync(path), false);
    assert.throws(() => inNetworkNamespace(path, currentNamespace), /ENOENT/);
  });

  test('a name is a file name', () => {
    for (const name of ['', '.', '..', 'a/b']) {
      assert.throws(() => createNamedNetworkNamespace(name), /expected a file name/);
    }
  });

  test('what is no namespace is not entered', () => {
    assert.throws(() => inNetworkNamespace('/proc/self/stat', currentNamespace), KernelError);
    const own = openOwnNetworkNamespace();
    assert.equal(inNetworkNamespace(own, currentNamespace), currentNamespace());
    assert.equal(own.isClosed, false, 'a descriptor that is handed in stays open');
    own.close();
  });
});

/** In the namespace of the calling thread. @source struct ifreq, include/uapi/linux/if.h */
function switchOnLoopback(): void {
  const SIOCSIFFLAGS = 0x8914;
  const request = new Uint8Array(40);
  request.set(Buffer.from('lo'));
  request[16] = 1;
  const socket = openSocket(AddressFamily.INET, SocketType.DGRAM);
  syscall('ioctl', [socket.number, SIOCSIFFLAGS, request], { operation: 'switch on loopback' });
  socket.close();
}

describe('mounts', { skip: cannotMakeNamespaces }, () => {
  test('a bpf file system is mounted once and taken away', () => {
    const directory = mkdtempSync(join(tmpdir(), 'skep-trial-'));
    assert.equal(isBpfFileSystem(directory), false);
    assert.equal(mountBpfFileSystem(directory), true);
    assert.equal(mountBpfFileSystem(directory), false);
    assert.equal(isBpfFileSystem(directory), true);
    unmountBpfFileSystem(directory);
    assert.equal(existsSync(directory), false);
    assert.equal(isBpfFileSystem(directory), false);
  });

  test('control groups are found', () => {
    assert.ok(readdirSync(findCgroupMount()).includes('cgroup.procs'));
  });
});

describe('sockets', { skip: cannotMakeNamespaces }, () => {
  const NETLINK_ROUTE = 0;
  const netlinkAddress = Uint8Array.of(AddressFamily.NETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  test('a netlink socket answers, and a watch notices it', async (t) => {
    const socket = openSocket(AddressFamily.NETLINK, SocketType.RAW, NETLINK_ROUTE);
    t.after(() => socket.close());
    bindSocket(socket, netlinkAddress);
    assert.equal(socketAddress(socket)[0], AddressFamily.NETLINK);
    const answer = new Uint8Array(4096);
    assert.equal(receiveBytes(socket, answer, MessageFlag.DONTWAIT), undefined);
    // RTM_GETLINK for interface 1, which is loopback in every namespace.
    const request = new Uint8Array(32);
    const view = new DataView(request.buffer);
    view.setUint32(0, request.length, true);
    view.setUint16(4, 18, true);
    view.setUint16(6, 1, true);
    view.setInt32(20, 1, true);
    const length = await new Promise<number | undefined>((resolve, reject) => {
      const watch = watchReadable(
        socket,
        () => {
          watch.close();
          resolve(receiveBytes(socket, answer, MessageFlag.DONTWAIT));
        },
        reject,
      );
      sendBytes(socket, request, netlinkAddress);
    });
    assert.ok(length !== undefined && length > 100);
  });

  test('a packet socket sends whole frames, and receives those of its ether type', (t) => {
    const LOOPBACK = 1;
    const EXPERIMENTAL = 0x88b5;
    const sockets = inNewNetworkNamespace(() => {
      switchOnLoopback();
      return [0, EVERY_ETHER_TYPE, EXPERIMENTAL, 0x0800].map((etherType) => {
        return openPacketSocket(LOOPBACK, etherType);
      });
    });
    t.after(() => sockets.forEach((socket) => void socket.close()));
    const frame = Uint8Array.from([...new Array<number>(12).fill(0), 0x88, 0xb5, 7]);
    sendFrame(sockets[0]!, frame);
    const received = sockets.map((socket) => [receiveFrame(socket), receiveFrame(socket)]);
    const once = [frame, undefined];
    const never = [undefined, undefined];
    assert.deepEqual(received, [never, once, once, never]);
    assert.throws(() => linkLayerAddress(LOOPBACK, 0x1_0000), /ether type/);
  });

  /** A socket that hears what is sent to its address. */
  function hearing(t: TestContext, name: string): { socket: Fd<'socket'>; address: Uint8Array } {
    const socket = openSocket(AddressFamily.UNIX, SocketType.DGRAM);
    t.after(() => socket.close());
    // A leading zero makes a name that is in no file system.
    const path = Buffer.from(`\0skep-${name}-${process.pid}`);
    const address = Buffer.concat([Uint8Array.of(AddressFamily.UNIX, 0), path]);
    bindSocket(socket, address);
    return { socket, address };
  }

  test('a watch that rests is called once for all that comes meanwhile', async (t) => {
    const { socket, address } = hearing(t, 'rest');
    const restMilliseconds = 40;
    const calls: { at: number; heard: number }[] = [];
    const sender = setInterval(() => sendBytes(socket, Uint8Array.of(1), address), 2);
    t.after(() => clearInterval(sender));
    let watch: Watch | undefined;
    await new Promise<void>((resolve, reject) => {
      const onReadable = (): void => {
        let heard = 0;
        while (receiveBytes(socket, new Uint8Array(1), MessageFlag.DONTWAIT)) heard++;
        calls.push({ at: performance.now(), heard });
        if (calls.length === 4) setTimeout(resolve, restMilliseconds / 2);
      };
      watch = watchReadable(socket, onReadable, reject, { restMilliseconds });
    });
    watch?.close();
    for (const [index, { at, heard }] of calls.entries()) {
      assert.ok(heard > 0);
      // A timer may be a millisecond early.
      const since = at - (calls[index - 1]?.at ?? 0);
      assert.ok(since >= restMilliseconds - 1, `call ${index} after ${since} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2 * restMilliseconds));
    assert.equal(calls.length, 4, 'a watch that was closed while it rested calls no more');
  });

  test('what a watch throws ends it and is handed on', async (t) => {
    const { socket, address } = hearing(t, 'throw');
    let calls = 0;
    const error = await new Promise<unknown>((resolve) => {
      const failing = () => {
        calls++;
        throw new Error('from the callback');
      };
      watchReadable(socket, failing, resolve);
      sendBytes(socket, Uint8Array.of(1), address);
    });
    assert.match(String(error), /from the callback/);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(calls, 1, 'a watch that has ended does not call again');
  });
});
