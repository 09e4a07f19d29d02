/**
 * Changes, as iptables, ipset and nft make them: what a row of `changes` is to be compared with.
 */
import type { Case, Effort } from '../harness/case.ts';
import { hasTool, iptablesRules, match, RivalNamespace, rivalAddress } from '../harness/rivals.ts';
import { plainRow, type Row } from '../harness/row.ts';
import { percentile } from '../harness/statistics.ts';

/** A way of adding one rule to many. */
interface Rival {
  readonly name: string;
  readonly tool: string;
  readonly prepare: (namespace: RivalNamespace, rules: number) => void;
  /** Adds one more; the milliseconds that took. */
  readonly add: (namespace: RivalNamespace, rules: number, index: number) => number;
}

const restore = (tool: string): Rival['prepare'] => {
  return (namespace, rules) => namespace.run(`${tool}-restore`, [], iptablesRules(rules));
};

const append = (tool: string): Rival['add'] => {
  return (namespace, rules, index) =>
    namespace.run(tool, ['-A', 'FORWARD', ...match(rules + index).split(' ')]);
};

const restoreAll = (tool: string): Rival['add'] => {
  return (namespace, rules, index) =>
    namespace.run(`${tool}-restore`, [], iptablesRules(rules + index + 1));
};

const rivals: readonly Rival[] = ['iptables-legacy', 'iptables-nft'].flatMap((tool) => [
  { name: `${tool} -A`, tool, prepare: restore(tool), add: append(tool) },
  { name: `${tool}-restore of all`, tool, prepare: restore(tool), add: restoreAll(tool) },
]);

const sets: readonly Rival[] = [
  {
    name: 'ipset add',
    tool: 'ipset',
    prepare: (namespace, rules) => {
      const lines = addresses(rules).map((each) => `add bench ${each}\n`);
      const create = `create bench hash:ip maxelem ${rules * 2}\n`;
      namespace.run('ipset', ['restore'], create + lines.join(''));
    },
    add: (namespace, rules, index) =>
      namespace.run('ipset', ['add', 'bench', rivalAddress(rules + index)]),
  },
  {
    name: 'nft add element',
    tool: 'nft',
    prepare: (namespace, rules) => {
      const elements = addresses(rules).join(', ');
      const set = `set allowed { type ipv4_addr; elements = { ${elements} }; }\n`;
      namespace.run('nft', ['-f', '-'], `table ip bench { ${set} }`);
    },
    add: (namespace, rules, index) =>
      namespace.run('nft', [
        'add',
        'element',
        'ip',
        'bench',
        'allowed',
        `{ ${rivalAddress(rules + index)} }`,
      ]),
  },
];

/** One rule more to many, by the tools of Debian. */
export const rivalChangesCase: Case = {
  name: 'rival-changes',
  about: 'one rule more by the tools of today, in a namespace of its own, start included',
  run: async (effort) => {
    if (process.getuid?.() !== 0) return { skipped: 'needs root' };
    const present = [...rivals, ...sets].filter(({ tool }) => hasTool(tool));
    if (present.length === 0) return { skipped: 'needs iptables, ipset or nft' };
    return present.flatMap((rival) => measure(rival, effort));
  },
};

function measure({ name, prepare, add }: Rival, { rounds, rules }: Effort): Row[] {
  const namespace = new RivalNamespace();
  try {
    prepare(namespace, rules);
    const samples = Array.from({ length: rounds }, (_, index) => add(namespace, rules, index));
    return [0.5, 0.99].map((share) => {
      const about = { name: `${name}, to ${rules}, p${share * 100}`, unit: 'ms' };
      return plainRow({ ...about, samples: samples.length }, percentile(samples, share));
    });
  } finally {
    namespace.close();
  }
}

function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, index) => rivalAddress(index));
}
