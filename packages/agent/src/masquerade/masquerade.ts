/**
 * Masquerade of a node: which uplinks have its programs, and which addresses stand for endpoints
 * there, as interfaces, routes and addresses come and go.
 */
import { randomBytes } from 'node:crypto';
import { PrefixKey, Uplink } from '@skep/contract';
import { toPrefixKey, toWords, unmasqueraded, uplinks } from '@skep/datapath';
import { codecOf, u32 } from '@skep/ebpf';
import { Monitor, type Network } from '@skep/netlink';
import { inNetworkNamespace } from '@skep/sys';
import type { Address } from '@skep/wire';
import type { KernelDatapath } from '../kernel/kernel-datapath.ts';
import type { Memory } from '../state/memory.ts';
import { type ChosenUplink, chooseUplinks } from './choose-uplinks.ts';
import {
  type MasqueradeOptions,
  type PortRange,
  readExceptions,
  readPorts,
} from './masquerade-options.ts';
import { readReservedPorts, reservePorts, restoreReservedPorts } from './reserved-ports.ts';

interface Parts {
  readonly kernel: KernelDatapath;
  readonly memory: Memory;
  readonly network: Network;
}

/**
 * Turns masquerade on, or takes it over; where that fails, nothing that it began is left.
 *
 * @throws MasqueradeError, KernelError, NetlinkError, SettingError
 */
export function startMasquerade(node: Parts, options: MasqueradeOptions): Masquerade {
  const isNew = node.memory.current.masquerade === undefined;
  try {
    return new Masquerade(node, options);
  } catch (error) {
    if (isNew) removeMasquerade(node);
    throw error;
  }
}

/** While the agent runs; what it has attached and written stays when it ends. */
export class Masquerade {
  readonly ports: PortRange;
  private readonly attached = new Map<number, ChosenUplink>();
  private readonly seed: bigint;
  private readonly watch: Monitor;
  private found: readonly string[] = [];
  private failure: string | undefined;
  private isRefreshDue = false;

  /** Use {@link startMasquerade}. */
  constructor(
    private readonly node: Parts,
    private readonly options: MasqueradeOptions,
  ) {
    this.ports = readPorts(options);
    this.seed = inheritedSeed(node) ?? randomBytes(8).readBigUInt64LE();
    this.reserve();
    this.writeExceptions();
    this.watch = new Monitor(
      node.network.namespace,
      ['links', 'addresses', 'routes'],
      () => this.refreshSoon(),
      (error) => {
        this.failure = `masquerade: uplinks are not watched any more: ${String(error)}`;
      },
    );
    this.watch.unref();
    this.refresh();
  }

  /** Those that have the programs. */
  get uplinks(): ChosenUplink[] {
    return [...this.attached.values()];
  }

  /** What is wrong at the moment. */
  get problems(): string[] {
    return this.failure === undefined ? [...this.found] : [...this.found, this.failure];
  }

  /** Ends the watch; uplinks keep their programs. */
  close(): void {
    this.watch.close();
  }

  /** Many events tell of one change. */
  private refreshSoon(): void {
    if (this.isRefreshDue) return;
    this.isRefreshDue = true;
    setImmediate(() => {
      this.isRefreshDue = false;
      if (this.node.network.namespace.isClosed) return;
      try {
        this.refresh();
        this.failure = undefined;
      } catch (error) {
        this.failure = `masquerade: ${String(error)} (restart the agent)`;
      }
    });
  }

  private refresh(): void {
    const { network, kernel, memory } = this.node;
    const { uplinks: wanted, problems } = chooseUplinks(
      {
        links: network.links.list(),
        addresses: network.addresses.list(),
        routes: network.routes.list(),
      },
      this.options.uplinks,
    );
    this.found = problems;
    const known = memory.current.masquerade?.uplinks ?? [];
    const left = known.filter(({ index }) => !wanted.some((each) => each.index === index));
    const names = wanted.map(({ index, name }) => ({ index, name }));
    this.remember([...left, ...names]);
    for (const uplink of wanted) {
      this.writeRow(uplink);
      if (!this.attached.has(uplink.index)) {
        // An index is one of the namespace that the thread is in.
        inNetworkNamespace(network.namespace, () => kernel.attachUplink(uplink.index));
      }
      this.attached.set(uplink.index, uplink);
    }
    detachUplinks(network, left, (index) => kernel.detachUplink(index));
    for (const { index } of left) {
      kernel.delete(uplinks, indexKey(index));
      this.attached.delete(index);
    }
    this.remember(names);
  }

  /** What is attached has to be known to who takes it away. */
  private remember(next: readonly { index: number; name: string }[]): void {
    const { memory } = this.node;
    const masquerade = memory.current.masquerade!;
    if (JSON.stringify(masquerade.uplinks) === JSON.stringify(next)) return;
    memory.changeNode({ masquerade: { ...masquerade, uplinks: [...next] } });
  }

  private writeRow({ index, ipv4, ipv6 }: ChosenUplink): void {
    const { first, last } = this.ports;
    const value = codecOf(Uplink).encode({
      address4: wordsOf(ipv4),
      address6: wordsOf(ipv6),
      seed: this.seed,
      portFirst: first,
      portCount: last - first + 1,
      padding: 0,
    });
    this.node.kernel.update(uplinks, indexKey(index), value);
  }

  /** Written down first, as everything that an uninstall takes back. */
  private reserve(): void {
    const { memory, network } = this.node;
    if (!memory.current.masquerade) {
      const reservedPortsBefore = readReservedPorts(network.settings);
      memory.changeNode({ masquerade: { uplinks: [], reservedPortsBefore } });
    }
    const { reservedPortsBefore } = memory.current.masquerade!;
    reservePorts(network.settings, reservedPortsBefore, this.ports);
  }

  /** New ones before old ones are gone. */
  private writeExceptions(): void {
    const { kernel } = this.node;
    const keys = readExceptions(this.options).map((prefix) => {
      return codecOf(PrefixKey).encode(toPrefixKey(prefix));
    });
    for (const key of keys) kernel.update(unmasqueraded, key, codecOf(u32).encode(1));
    for (const { key } of kernel.entries(unmasqueraded)) {
      const isWanted = keys.some((wanted) => Buffer.compare(wanted, key) === 0);
      if (!isWanted) kernel.delete(unmasqueraded, key);
    }
  }
}

/**
 * Takes away what this or an earlier agent has done for masquerade: content where that is nothing.
 *
 * @throws KernelError, NetlinkError, SettingError
 */
export function removeMasquerade(node: Parts): void {
  const { memory, network, kernel } = node;
  const { masquerade } = memory.current;
  if (!masquerade) return;
  detachUplinks(network, masquerade.uplinks, (index) => kernel.detachUplink(index));
  kernel.forgetMasquerade();
  restoreReservedPorts(network.settings, masquerade.reservedPortsBefore);
  memory.changeNode({ masquerade: undefined });
}

/** Takes the programs off; a link that is gone has taken them with it. */
export function detachUplinks(
  network: Network,
  uplinks: readonly { readonly index: number; readonly name: string }[],
  detach: (index: number) => void,
): void {
  for (const { index, name } of uplinks) {
    if (network.links.find(index)?.name !== name) continue;
    inNetworkNamespace(network.namespace, () => detach(index));
  }
}

/** That of the agent before: where ports are looked for stays the same. */
function inheritedSeed({ kernel }: Parts): bigint | undefined {
  const [row] = kernel.entries(uplinks);
  return row && codecOf(Uplink).decode(row.value).seed;
}

const NO_ADDRESS = { upper: 0n, lower: 0n };

function wordsOf(address: Address | undefined): { upper: bigint; lower: bigint } {
  return address ? toWords(address) : NO_ADDRESS;
}

function indexKey(index: number): Uint8Array {
  return codecOf(u32).encode(index);
}
