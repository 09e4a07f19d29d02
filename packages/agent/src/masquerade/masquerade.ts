/**
 * Masquerade of a node: which interfaces lead to the world, and which addresses stand for endpoints
 * there. Programs are attached by `uplinks/uplinks.ts`.
 */
import { randomBytes } from 'node:crypto';
import { PrefixKey, UNMASQUERADED_PREFIXES_MAX, Uplink } from '@skep/contract';
import { toPrefixKey, toWords, unmasqueraded, uplinks } from '@skep/datapath';
import { codecOf, u32 } from '@skep/ebpf';
import type { Network } from '@skep/netlink';
import type { Address } from '@skep/wire';
import type { KernelDatapath } from '../kernel/kernel-datapath.ts';
import type { Originals } from '../state/originals.ts';
import { type ChosenUplink, chooseUplinks, type NetworkState } from './choose-uplinks.ts';
import {
  type MasqueradeOptions,
  type PortRange,
  readExceptions,
  readPorts,
} from './masquerade-options.ts';
import { readReservedPorts, reservePorts, restoreReservedPorts } from './reserved-ports.ts';

interface Parts {
  readonly kernel: KernelDatapath;
  readonly originals: Originals;
  readonly network: Network;
}

/**
 * Turns masquerade on, or takes it over; where that fails, nothing that it began is left.
 *
 * @throws MasqueradeError, KernelError, SettingError
 */
export function startMasquerade(node: Parts, options: MasqueradeOptions): Masquerade {
  const isNew = node.originals.current.reservedPorts === undefined;
  try {
    return new Masquerade(node, options);
  } catch (error) {
    if (isNew) removeMasquerade(node);
    throw error;
  }
}

/** While the agent runs; what it has written stays when it ends. */
export class Masquerade {
  readonly ports: PortRange;
  private chosen: readonly ChosenUplink[] = [];
  private readonly seed: bigint;
  private found: readonly string[] = [];

  /** Use {@link startMasquerade}. */
  constructor(
    private readonly node: Parts,
    private readonly options: MasqueradeOptions,
  ) {
    this.ports = readPorts(options);
    this.seed = inheritedSeed(node) ?? randomBytes(8).readBigUInt64LE();
    this.reserve();
    this.writeExceptions();
  }

  /** Those that endpoints reach the world by. */
  get uplinks(): ChosenUplink[] {
    return [...this.chosen];
  }

  /** What is wrong at the moment. */
  get problems(): string[] {
    return [...this.found];
  }

  /** Writes the rows of those that need programs. */
  choose(state: NetworkState): readonly ChosenUplink[] {
    const { uplinks: wanted, problems } = chooseUplinks(state, this.options.uplinks);
    for (const uplink of wanted) this.writeRow(uplink);
    this.chosen = wanted;
    this.found = problems;
    return wanted;
  }

  /** Away with the rows of those that were not chosen. */
  dropOtherRows(): void {
    const { kernel } = this.node;
    for (const { key } of kernel.entries(uplinks)) {
      const index = codecOf(u32).decode(key);
      if (!this.chosen.some((each) => each.index === index)) kernel.delete(uplinks, key);
    }
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
    const { originals, network } = this.node;
    const reservedPorts = originals.current.reservedPorts ?? readReservedPorts(network.settings);
    if (originals.current.reservedPorts === undefined) originals.change({ reservedPorts });
    reservePorts(network.settings, reservedPorts, this.ports);
  }

  /** New ones before old ones are gone, where there is room for both. */
  private writeExceptions(): void {
    const { kernel } = this.node;
    const keys = readExceptions(this.options).map((prefix) => {
      return codecOf(PrefixKey).encode(toPrefixKey(prefix));
    });
    const wanted = new Set(keys.map(hexOf));
    const known = kernel.entries(unmasqueraded).map(({ key }) => key);
    const old = known.filter((key) => !wanted.has(hexOf(key)));
    const write = (): void => {
      for (const key of keys) kernel.update(unmasqueraded, key, codecOf(u32).encode(1));
    };
    const isRoom = old.length + wanted.size <= UNMASQUERADED_PREFIXES_MAX;
    if (isRoom) write();
    for (const key of old) kernel.delete(unmasqueraded, key);
    if (!isRoom) write();
  }
}

/**
 * Takes away what this or an earlier agent has done for masquerade, but for programs: content where
 * that is nothing.
 *
 * @throws KernelError, SettingError
 */
export function removeMasquerade(node: Parts): void {
  const { originals, network, kernel } = node;
  const { reservedPorts } = originals.current;
  if (reservedPorts === undefined) return;
  kernel.forgetMasquerade();
  restoreReservedPorts(network.settings, reservedPorts);
  originals.change({ reservedPorts: undefined });
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

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function indexKey(index: number): Uint8Array {
  return codecOf(u32).encode(index);
}
