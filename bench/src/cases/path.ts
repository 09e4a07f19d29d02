/**
 * The path: real TCP between two endpoints, by what filters in between and how many rules it has.
 */
import { attachTcx, canUseBpf, hasTcx, type Link } from '@skep/bpf';
import { inNetworkNamespace } from '@skep/sys';
import type { Case, Effort } from '../harness/case.ts';
import { clangVersion } from '../harness/clang.ts';
import { DatapathWorld, receiver, sender } from '../harness/datapath-world.ts';
import { Bench } from '../harness/kernel.ts';
import { openPort443, otherRules } from '../harness/policies.ts';
import { hasTool, iptablesRules, RivalNamespace, rivalAddress } from '../harness/rivals.ts';
import { interleave } from '../harness/rounds.ts';
import { pairedRow, type Row } from '../harness/row.ts';
import { type Measurement, Traffic } from '../harness/traffic.ts';
import { VethPath } from '../harness/veth-path.ts';

/** Both endpoints are in this prefix, none of the other rules' addresses are. */
const endpointsPrefix = '10.0.0.0/24';
const kinds: readonly Measurement['kind'][] = ['request', 'connection'];

/** What stands in the path: made before each sample, taken away after it. */
interface Filter {
  readonly name: string;
  readonly putIn: () => void;
  readonly takeOut: () => void;
}

/** Round trips and connections over veth. */
export const pathCase: Case = {
  name: 'path',
  about: 'TCP over two veths, with the most rules, against each other way to filter the same path',
  run: async (effort) => {
    const reason =
      canUseBpf() ??
      (hasTcx() ? undefined : 'tcx needs Linux 6.6') ??
      (clangVersion() ? undefined : 'clang is not installed');
    if (reason !== undefined) return { skipped: reason };
    const path = new VethPath();
    const few = new SkepFilter(path, 10);
    const many = new SkepFilter(path, effort.rules);
    const traffic = await Traffic.start(path.receiver.namespace, path.sender.namespace);
    try {
      const filters = [many, few, ...rivalFilters(path, effort.rules)];
      const rows: Row[] = [];
      for (const kind of kinds) rows.push(...(await compare(kind, filters, traffic, effort)));
      return rows;
    } finally {
      traffic.close();
      few.close();
      many.close();
      path.close();
    }
  },
};

async function compare(
  kind: Measurement['kind'],
  filters: readonly Filter[],
  traffic: Traffic,
  { rounds, runs }: Effort,
): Promise<Row[]> {
  const milliseconds = Math.max(runs / 400, 20);
  const variants = filters.map((filter) => {
    const measure = (): number => {
      filter.putIn();
      try {
        return traffic.measure({ kind, address: receiver.ipv4, milliseconds }).mean;
      } finally {
        filter.takeOut();
      }
    };
    return { name: filter.name, measure };
  });
  const samples = await interleave(variants, Math.min(rounds, 11));
  const [ours, ...others] = variants.map(({ name }) => ({ name, samples: samples.get(name)! }));
  return others.map((other) => {
    const about = { name: `${kind}, ${ours!.name}`, unit: 'us', referenceName: other.name };
    return pairedRow(about, ours!.samples, other.samples);
  });
}

/** The datapath, attached to the host's ends. */
class SkepFilter implements Filter {
  readonly name: string;
  readonly #path: VethPath;
  readonly #bench = new Bench();
  readonly #world: DatapathWorld;
  #links: Link[] = [];

  constructor(path: VethPath, rules: number) {
    this.name = `Skep, ${rules} rules`;
    this.#path = path;
    this.#world = new DatapathWorld(this.#bench, (endpoint) => path.interfaceIndex(endpoint));
    this.#world.apply(openPort443);
    this.#world.apply(otherRules(rules - 1));
  }

  putIn(): void {
    this.#world.forget();
    this.#links = inNetworkNamespace(this.#path.node.namespace, () =>
      [sender, receiver].flatMap((endpoint) => {
        const ifindex = this.#path.interfaceIndex(endpoint);
        const { fromEndpoint, toEndpoint } = this.#world.programs;
        return [
          attachTcx({ program: fromEndpoint, ifindex, direction: 'ingress' }),
          attachTcx({ program: toEndpoint, ifindex, direction: 'egress' }),
        ];
      }),
    );
  }

  takeOut(): void {
    for (const link of this.#links) link.close();
    this.#links = [];
  }

  close(): void {
    this.takeOut();
    this.#world.close();
    this.#bench.close();
  }
}

function rivalFilters(path: VethPath, rules: number): Filter[] {
  const tools = new RivalNamespace(path.node.namespace);
  const nothing: Filter = { name: 'no filter', putIn: () => {}, takeOut: () => {} };
  const filters = [nothing];
  if (hasTool('iptables-legacy')) {
    filters.push(...[10, rules / 10, rules].map((count) => iptables(tools, count)));
    if (hasTool('ipset')) filters.push(ipset(tools, rules));
  }
  if (hasTool('nft')) filters.push(nft(tools, rules));
  return filters;
}

/** A chain whose last rule is the one that matches. */
function iptables(tools: RivalNamespace, count: number): Filter {
  const rules = iptablesRules(count - 1, [`-s ${endpointsPrefix} -j ACCEPT`]);
  return {
    name: `iptables, ${count} rules`,
    putIn: () => tools.run('iptables-legacy-restore', [], rules),
    takeOut: () => tools.run('iptables-legacy-restore', [], iptablesRules(0)),
  };
}

function ipset(tools: RivalNamespace, count: number): Filter {
  const members = [...addresses(count), sender.ipv4, receiver.ipv4];
  const lines = members.map((address) => `add bench ${address}\n`).join('');
  const set = `create bench hash:ip maxelem ${count * 2}\n${lines}`;
  const rules = iptablesRules(0, ['-m set --match-set bench src -j ACCEPT']);
  return {
    name: `ipset, ${count} members`,
    putIn: () => {
      tools.run('ipset', ['restore'], set);
      tools.run('iptables-legacy-restore', [], rules);
    },
    takeOut: () => {
      tools.run('iptables-legacy-restore', [], iptablesRules(0));
      tools.run('ipset', ['destroy', 'bench']);
    },
  };
}

function nft(tools: RivalNamespace, count: number): Filter {
  const members = [...addresses(count), sender.ipv4, receiver.ipv4].join(', ');
  const hook = 'type filter hook forward priority 0; policy drop; ip saddr @allowed accept';
  const set = `set allowed { type ipv4_addr; elements = { ${members} }; }`;
  return {
    name: `nft set, ${count} members`,
    putIn: () => tools.run('nft', ['-f', '-'], `table ip bench { ${set}\nchain f { ${hook}; }\n}`),
    takeOut: () => tools.run('nft', ['delete', 'table', 'ip', 'bench']),
  };
}

function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, index) => rivalAddress(index));
}
