/** Capture filters: how long their programs are, beside the classic programs that libpcap makes. */
import { compileFilter, type Matcher, matchingProgram, parseClassic } from '@skep/capture-filter';
import { classicProgramOf, filterTable, noTcpdump } from '@skep/capture-filter/testing';
import { compileProgram } from '@skep/compiler';
import type { Case } from '../harness/case.ts';
import { plainRow, type Row } from '../harness/row.ts';
import { median } from '../harness/statistics.ts';

/** Filters that people write; each gets a row of its own. */
const shown = [
  'ip',
  'tcp port 80',
  'port 53',
  'tcp port 80 or 443',
  'host 10.0.0.1',
  'net fd00::/8',
  'tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn',
  'icmp or icmp6 or arp',
  'vlan 5 and ip6',
  'src host 10.0.0.1 and dst port (80 or 443 or 8080)',
  'tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)',
];

/** One filter in three forms, by instructions. */
interface Sizes {
  readonly text: string;
  readonly ours: number;
  /** libpcap's program, in which every load is checked without an instruction for it. */
  readonly classic: number;
  /** That program, translated. */
  readonly translated: number;
}

/** Instructions only: what is counted does not depend on the machine. */
export const filtersCase: Case = {
  name: 'filters',
  about: 'programs of capture filters for XDP against the classic programs that libpcap makes',
  run: async () => {
    if (noTcpdump) return { skipped: noTcpdump };
    const sizes = filterTable.flatMap(sizesOf);
    return [...sizes.filter(({ text }) => shown.includes(text)).map(rowOf), ...summary(sizes)];
  },
};

/** Nothing where libpcap has no program, since the filter can match nothing. */
function sizesOf(text: string): Sizes[] {
  const classic = classicProgramOf(text);
  if (classic === undefined) return [];
  const program = parseClassic(classic);
  const ours = instructionsOf(compileFilter(text));
  const { length } = program.instructions;
  return [{ text, ours, classic: length, translated: instructionsOf(program) }];
}

function instructionsOf(matcher: Matcher): number {
  const options = { hook: 'xdp', name: 'filter', onMatch: 1, onMiss: 2 } as const;
  return compileProgram(matchingProgram(matcher, options)).code.length / 8;
}

function rowOf({ text, ours, classic }: Sizes): Row {
  const name = text.length <= 50 ? text : `${text.slice(0, 49)}…`;
  return plainRow({ name, unit: 'instructions' }, ours, { name: 'libpcap', value: classic });
}

function summary(sizes: readonly Sizes[]): Row[] {
  const sum = (pick: (one: Sizes) => number): number => {
    return sizes.reduce((total, one) => total + pick(one), 0);
  };
  const classic = { name: 'libpcap', value: sum((one) => one.classic) };
  const all = `all ${sizes.length} filters`;
  const ratios = sizes.map((one) => one.ours / one.classic);
  return [
    plainRow(
      { name: all, unit: 'instructions' },
      sum((one) => one.ours),
      classic,
    ),
    plainRow(
      { name: `${all}, libpcap's programs translated`, unit: 'instructions' },
      sum((one) => one.translated),
      classic,
    ),
    plainRow({ name: `${all}, median of the ratios`, unit: 'ratio' }, median(ratios)),
    plainRow({ name: `${all}, largest of the ratios`, unit: 'ratio' }, Math.max(...ratios)),
  ];
}
