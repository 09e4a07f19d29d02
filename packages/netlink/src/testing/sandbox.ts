/**
 * For the tests of this package: networks of nameless namespaces, which end with the test however
 * it ends, and what the `ip` and `tc` commands say of them.
 */
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import {
  BpfAttribute,
  BpfCommand,
  addressOf,
  bpfResult,
  Fd,
  inNetworkNamespace,
  inNewNetworkNamespace,
  openOwnNetworkNamespace,
} from '@skep/sys';
import { NetlinkError } from '../netlink-error.ts';
import { Network } from '../network.ts';

/** Why namespaces cannot be made here; false where they can. For the `skip` of a test. */
export const cannotMakeNamespaces: string | false = findHindrance();

function findHindrance(): string | false {
  try {
    inNewNetworkNamespace(() => undefined);
    return false;
  } catch (error) {
    return `network namespaces cannot be made here: ${(error as Error).message}`;
  }
}

/** A new namespace with nothing but a loopback device that is down; closed at the test's end. */
export function newNetwork(context: TestContext): Network {
  const namespace = inNewNetworkNamespace(() => openOwnNetworkNamespace());
  try {
    const network = new Network(namespace);
    context.after(() => network.close());
    return network;
  } finally {
    namespace.close();
  }
}

/** Two namespaces with a veth pair `left` to `right` between them, both ends up. */
export function newPair(context: TestContext): {
  left: Network;
  right: Network;
  leftIndex: number;
  rightIndex: number;
} {
  const left = newNetwork(context);
  const right = newNetwork(context);
  const namespaceFd = right.namespace.number;
  const link = left.links.createVeth({
    name: 'left',
    isUp: true,
    peer: { name: 'right', namespaceFd },
  });
  right.links.set('right', { isUp: true });
  return { left, right, leftIndex: link.index, rightIndex: link.peerIndex! };
}

/** One object of the JSON that `ip` and `tc` print. */
export type Shown = Record<string, unknown>;

/**
 * What `ip -json …` or `tc -json …` says in the network's namespace.
 *
 * @returns undefined where the command is missing: then there is nothing to compare with.
 */
export function show(network: Network, command: string, words: string): Shown[] | undefined {
  const options = ['-json', '-details', ...words.split(' ')];
  const { error, status, stdout, stderr } = inNetworkNamespace(network.namespace, () =>
    spawnSync(command, options, { encoding: 'utf8' }),
  );
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
  if (status !== 0) throw new Error(`${command} ${words}: ${stderr}`);
  return JSON.parse(stdout || '[]') as Shown[];
}

/**
 * Skips the test where the kernel has not the kind of link; else what `make` made.
 *
 * @param needs which kernel has it: `needs Linux 6.7 with CONFIG_NETKIT`
 */
export function unlessUnsupported<T>(
  context: TestContext,
  needs: string,
  make: () => T,
): T | undefined {
  try {
    return make();
  } catch (error) {
    const isMissing = error instanceof NetlinkError && error.errno === EOPNOTSUPP;
    if (!isMissing) throw error;
    context.skip(`${needs}: ${error.message}`);
    return undefined;
  }
}

const EOPNOTSUPP = 95;

/** A loaded program that lets every packet pass (`TC_ACT_OK`); closed at the test's end. */
export function loadPassProgram(context: TestContext): Fd<'program'> {
  const { size, prog_type, insn_cnt, insns, license } = BpfAttribute.programLoad;
  // r0 = 0; exit
  const code = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
  const licenseText = new TextEncoder().encode('GPL\0');
  const attribute = new Uint8Array(size);
  const view = new DataView(attribute.buffer);
  view.setUint32(prog_type, BPF_PROG_TYPE_SCHED_CLS, true);
  view.setUint32(insn_cnt, 2, true);
  view.setBigUint64(insns, addressOf(code), true);
  view.setBigUint64(license, addressOf(licenseText), true);
  const result = bpfResult(BpfCommand.PROG_LOAD, attribute);
  // Both must outlive the call, which sees only their addresses.
  if (result < 0) throw new Error(`load program of ${code.length + licenseText.length}: ${result}`);
  const program = new Fd('program', result);
  context.after(() => program.close());
  return program;
}

const BPF_PROG_TYPE_SCHED_CLS = 3;
