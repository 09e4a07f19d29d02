/** What the project asks of the rows of each case. The first bar that is about a row counts. */
import type { Bar } from '../harness/bar.ts';
import type { Limit } from '../harness/row.ts';

/** Of the compiler's programs to clang's. */
export const clangRatioMost = 1.05;

const ratio = { of: 'ratio' } as const;
const ours = { of: 'ours' } as const;

/** As good as clang, or the same for every number of rules, but for what a measurement differs. */
const alike: Limit = { ...ratio, most: clangRatioMost };
/** The same, of what is the better the more there is of it. */
const notLess: Limit = { ...ratio, least: 0.95 };
const notBelow: Limit = { ...ratio, least: 1 };

/** Whatever the number of flows that live. */
const firstPacket: Limit = { ...ratio, most: 12 };

/** As the kernel measures programs: without what is done once for each run, such as its packet. */
const programAlone = /^arithmetic|, in turns$/;

/** Throughput and rates; not the latencies, which are the same figures once more. */
const perSecond = /^(Gbit\/s|per second)$/;

/** All bars; `npm run bench` fails where a row is beyond one. */
export const bars: readonly Bar[] = [
  { case: 'compiler', limit: alike },
  { case: 'programs', limit: alike },
  { case: 'compile time', rows: /: cold$/, limit: { ...ours, most: 300 } },
  { case: 'compile time', rows: /: warm$/, limit: { ...ours, most: 50 } },
  { case: 'datapath', rows: /^established, both sides$/, limit: { ...ratio, most: 2.5 } },
  { case: 'datapath', rows: /^first packet, (both sides|40,000 flows)$/, limit: firstPacket },
  { case: 'datapath', rows: /^denied, repeated$/, limit: { ...ratio, most: 1.9 } },
  { case: 'machine', rows: programAlone, limit: { ...ratio, most: 1 / 20 } },
  { case: 'rules', limit: alike },
  { case: 'changes', rows: /^(swap|one more endpoint).*, p50$/, limit: { ...ours, most: 10 } },
  { case: 'containers', unit: perSecond, against: /^Skep, /, limit: notLess },
  { case: 'containers', unit: perSecond, against: /^bridge/, limit: notBelow },
  { case: 'masquerade', unit: perSecond, against: /^bridge/, limit: notBelow },
  { case: 'plugin', limit: { ...ratio, most: 1.3 } },
];
