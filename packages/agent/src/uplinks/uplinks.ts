/**
 * Interfaces to others, and the programs on them: for masquerade, for policies about the node, or
 * for both, as links, routes and addresses come and go.
 */
import { Monitor, type Network } from '@skep/netlink';
import { inNetworkNamespace } from '@skep/sys';
import type { KernelDatapath } from '../kernel/kernel-datapath.ts';
import type { NetworkState } from '../masquerade/choose-uplinks.ts';
import type { Masquerade } from '../masquerade/masquerade.ts';
import type { Memory } from '../state/memory.ts';
import { chooseGuarded } from './choose-guarded.ts';

interface Parts {
  readonly kernel: KernelDatapath;
  readonly memory: Memory;
  readonly network: Network;
}

/** An interface, as it is written down. */
export interface AttachedUplink {
  readonly index: number;
  readonly name: string;
}

/** While the agent runs; what it has attached stays when it ends. */
export class Uplinks {
  private readonly attached = new Set<number>();
  private guarded: readonly AttachedUplink[] = [];
  private found: readonly string[] = [];
  private failure: string | undefined;
  private watch: Monitor | undefined;
  private isGuarding = false;
  private isRefreshDue = false;

  /** What an agent before has attached stays as it is until {@link guard} is called. */
  constructor(
    private readonly node: Parts,
    private readonly masquerade: Masquerade | undefined,
  ) {}

  /** Names of those at which policies about the node are enforced. */
  get guardedNames(): string[] {
    return this.guarded.map(({ name }) => name);
  }

  /** What is wrong at the moment. */
  get problems(): string[] {
    const all = [...(this.masquerade?.problems ?? []), ...this.found];
    return this.failure === undefined ? all : [...all, this.failure];
  }

  /**
   * Lets the programs decide about the node, at every interface that leads to others, or not; those
   * of masquerade are attached in either case.
   *
   * @throws VerifierError, KernelError, NetlinkError
   */
  guard(isOn: boolean): void {
    this.isGuarding = isOn;
    if (isOn) this.node.kernel.guardHost(true);
    if (isOn || this.masquerade) this.begin();
    else this.end();
    if (!isOn) this.node.kernel.guardHost(false);
  }

  /** Ends the watch; uplinks keep their programs. */
  close(): void {
    this.watch?.close();
    this.watch = undefined;
  }

  private begin(): void {
    this.watch ??= this.startWatch();
    this.refresh();
  }

  private end(): void {
    this.close();
    this.refresh();
  }

  private startWatch(): Monitor {
    const watch = new Monitor(
      this.node.network.namespace,
      ['links', 'addresses', 'routes'],
      () => this.refreshSoon(),
      (error) => {
        this.failure = `uplinks are not watched any more: ${String(error)} (restart the agent)`;
      },
    );
    watch.unref();
    return watch;
  }

  /** Many events tell of one change. */
  private refreshSoon(): void {
    if (this.isRefreshDue) return;
    this.isRefreshDue = true;
    setImmediate(() => {
      this.isRefreshDue = false;
      if (!this.watch || this.node.network.namespace.isClosed) return;
      try {
        this.refresh();
        this.failure = undefined;
      } catch (error) {
        this.failure = `uplinks: ${String(error)} (restart the agent)`;
      }
    });
  }

  /** Rows before programs that ask for them; written down before it is attached. */
  private refresh(): void {
    const { network, kernel, memory } = this.node;
    const state: NetworkState = {
      links: network.links.list(),
      addresses: network.addresses.list(),
      routes: network.routes.list(),
    };
    const chosen = this.masquerade?.choose(state) ?? [];
    const { links, problems } = this.isGuarding
      ? chooseGuarded(state)
      : { links: [], problems: [] };
    const wanted = [...new Map([...chosen, ...links].map((each) => [each.index, each])).values()];
    const names = wanted.map(({ index, name }) => ({ index, name }));
    const known = memory.current.uplinks ?? [];
    const left = known.filter(({ index }) => !wanted.some((each) => each.index === index));
    remember(memory, [...left, ...names]);
    for (const { index } of wanted) {
      if (this.attached.has(index)) continue;
      // An index is one of the namespace that the thread is in.
      inNetworkNamespace(network.namespace, () => kernel.attachUplink(index));
      this.attached.add(index);
    }
    endUplinks(network, left, uplinkEnds(kernel));
    for (const { index } of left) this.attached.delete(index);
    this.masquerade?.dropOtherRows();
    remember(memory, names);
    this.guarded = links.map(({ index, name }) => ({ index, name }));
    this.found = problems;
  }
}

/** What is attached has to be known to who takes it away. */
function remember(memory: Memory, uplinks: readonly AttachedUplink[]): void {
  if (JSON.stringify(memory.current.uplinks ?? []) === JSON.stringify(uplinks)) return;
  memory.changeNode({ uplinks: uplinks.length > 0 ? [...uplinks] : undefined });
}

/** Takes away what this or an earlier agent has attached: content where that is nothing. */
export function removeUplinks({ kernel, memory, network }: Parts): void {
  const { uplinks } = memory.current;
  if (!uplinks) return;
  endUplinks(network, uplinks, uplinkEnds(kernel));
  memory.changeNode({ uplinks: undefined });
}

/** What becomes of the programs of an uplink. */
export interface UplinkEnds {
  readonly detach: (index: number) => void;
  readonly forget: (index: number) => void;
}

function uplinkEnds(kernel: Parts['kernel']): UplinkEnds {
  return {
    detach: (index) => kernel.detachUplink(index),
    forget: (index) => kernel.forgetUplink(index),
  };
}

/** Takes the programs off; a link that is gone has taken them with it, but not their pins. */
export function endUplinks(
  network: Network,
  uplinks: readonly AttachedUplink[],
  { detach, forget }: UplinkEnds,
): void {
  for (const { index, name } of uplinks) {
    const isThere = network.links.find(index)?.name === name;
    if (isThere) inNetworkNamespace(network.namespace, () => detach(index));
    else forget(index);
  }
}
