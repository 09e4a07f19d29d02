/** Rules: whether a decision costs more when there are more of them. */
import { canUseBpf } from '@skep/bpf';
import { TcAction } from '@skep/ebpf';
import { TcpFlag } from '@skep/wire';
import type { Case, Effort } from '../harness/case.ts';
import { clangVersion } from '../harness/clang.ts';
import { DatapathWorld, receiver, segment, sender } from '../harness/datapath-world.ts';
import { Flows, NewFlows } from '../harness/flows.ts';
import { Bench, verdictOf } from '../harness/kernel.ts';
import { openPort443, otherRules } from '../harness/policies.ts';
import { interleave } from '../harness/rounds.ts';
import { pairedRow, type Row } from '../harness/row.ts';

/** The first packet of a flow, decided by few rules, many, and ten times as many. */
export const rulesCase: Case = {
  name: 'rules',
  about: "the first packet of a flow, by the receiver's number of rules, against 10 rules",
  run: async (effort) => {
    const reason = canUseBpf() ?? (clangVersion() ? undefined : 'clang is not installed');
    if (reason !== undefined) return { skipped: reason };
    const setups = [10, effort.rules / 10, effort.rules].map(makeSetup);
    try {
      return await measure(setups, effort);
    } finally {
      for (const setup of setups) setup.close();
    }
  },
};

interface Setup {
  readonly count: number;
  readonly world: DatapathWorld;
  readonly flows: Flows;
  readonly close: () => void;
}

/** A node whose receiver has this many rules. */
function makeSetup(count: number): Setup {
  const bench = new Bench();
  const world = new DatapathWorld(bench);
  world.apply(openPort443);
  world.apply(otherRules(count - 1));
  const close = (): void => {
    world.close();
    bench.close();
  };
  return { count, world, flows: new Flows(bench), close };
}

async function measure(setups: readonly Setup[], { rounds }: Effort): Promise<Row[]> {
  const syn = { sourcePort: 40_000, destinationPort: 443, flags: TcpFlag.SYN };
  const packet = segment(sender, receiver.ipv4, syn);
  const variants = setups.map(({ count, world, flows }) => {
    const program = world.fromEndpoint(sender);
    const action = verdictOf(program, packet) | 0;
    if (action !== TcAction.Redirect)
      throw new Error(`${count} rules: action ${action}, expected 7`);
    const measureOnce = (): number => {
      world.forget();
      return flows.timeNew(program, packet, NewFlows.Many);
    };
    return { name: `${count} rules`, measure: measureOnce };
  });
  const samples = await interleave(variants, rounds);
  const [few, ...more] = variants.map(({ name }) => ({ name, samples: samples.get(name)! }));
  return more.map(({ name, samples: ours }) =>
    pairedRow(
      { name: `decided by ${name}`, unit: 'ns/packet', referenceName: few!.name },
      ours,
      few!.samples,
    ),
  );
}
