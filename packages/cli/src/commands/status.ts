/** `skep status`. */
import {
  type MasqueradeView,
  type NodeView,
  type PendingView,
  type PoolView,
  PRESSURE_MAX,
  type StatusView,
} from '@skep/agent';
import type { Command } from 'commander';
import { pc } from '../colours.ts';
import { formatParagraph, formatTable, printJson } from '../output.ts';
import { type AskOptions, asking, withAgent } from '../asking.ts';
import { whatWaits } from './policy.ts';

/** Adds `skep status`; its exit status is 1 where the agent has problems. */
export function addStatusCommand(program: Command): void {
  asking(program.command('status'))
    .description('say how the node is, what is wrong, and what to do about it')
    .option('--brief', 'one line for each problem, or ok')
    .addHelpText(
      'after',
      '\nExit status: 1 where something is wrong.\n\nExample: skep status --brief',
    )
    .action(async (options: AskOptions & { readonly brief?: boolean }) => {
      const status = await withAgent(options, (agent) => agent.status());
      if (options.json) printJson(status);
      else process.stdout.write(options.brief ? formatBrief(status) : formatStatus(status));
      if (status.problems.length > 0) process.exitCode = 1;
    });
}

/** For scripts, and for people who want to know one thing. */
function formatBrief({ problems }: StatusView): string {
  return problems.length === 0 ? 'ok\n' : problems.map((problem) => `${problem}\n`).join('');
}

/** Everything, as people read it. */
export function formatStatus(status: StatusView): string {
  const dropped = Object.entries(status.droppedPackets).sort((a, b) => b[1] - a[1]);
  const rows = [
    ['agent', `${status.version}, since ${status.startedAt}`],
    ['kernel', `${status.kernel}, programs attached by ${status.attachment}`],
    ['uplink', status.uplinks.join(', ') || 'none: no default route, so no way out'],
    ['endpoints', `${status.endpoints} with ${status.identities} identities`],
    ...status.pools.map((pool, index) => [index === 0 ? 'addresses' : '', poolText(pool)]),
    ['new endpoints', `by ${status.deviceKind}`],
    ['entities', entitiesText(status)],
    ['policies', `${status.policies}, revision ${status.revision}`],
    ...pendingRows(status.pendingPolicies),
    ...nodeRows(status.node),
    ['forwarded', `${status.forwardedPackets} packets`],
    ...dropped.map(([reason, packets]) => ['dropped', `${packets} packets: ${reason}`]),
    ['events lost', String(status.lostEvents)],
    ...(status.masquerade ? masqueradeRows(status.masquerade) : []),
    ['memory', `${(status.memoryBytes / 2 ** 20).toFixed(0)} MiB`],
    ...tableRows(status),
  ];
  const table = formatTable(['', ''], rows).split('\n').slice(1).join('\n');
  return table + status.problems.map(formatProblem).join('');
}

function poolText({ family, addresses, taken, cooling }: PoolView): string {
  const cools = cooling > 0 ? `, ${cooling} cooling down` : '';
  return `${family}: ${taken} of ${addresses} taken${cools}`;
}

/** Names of the reserved identities that something has. */
function entitiesText({ reserved }: StatusView): string {
  const inUse = reserved.filter(({ endpoints, places }) => endpoints + places > 0);
  const names = inUse.map(({ labels, endpoints }) => {
    const name = labels.at(-1)!.replace(/^reserved:|=$/g, '');
    return endpoints > 0 ? `${name} (${endpoints} endpoints)` : name;
  });
  return `${names.join(', ')} (see \`skep identity list --all\`)`;
}

/** What goes back by itself soon. */
function pendingRows(pending: PendingView | undefined): string[][] {
  if (!pending) return [];
  const soon = `\`skep policy confirm\` within ${pending.secondsLeft} s`;
  return [['to confirm', `${whatWaits(pending)} (${soon})`]];
}

/** What policies do with the node itself, and what they cannot. */
function nodeRows(node: NodeView): string[][] {
  const { isIngressEnforced, isEgressEnforced, guardedInterfaces, safePorts } = node;
  const closed = [isIngressEnforced && 'ingress', isEgressEnforced && 'egress'].filter(Boolean);
  const where = guardedInterfaces.join(', ') || 'no interface';
  const text = closed.length > 0 ? `${closed.join(' and ')} by rules, at ${where}` : 'no rules';
  return [
    ['node', text],
    ['', `safe ports: ${safePorts.join(', ') || 'none'}`],
  ];
}

/** Tables that are fuller than one would like; for one that evicts that is how it works. */
function tableRows({ tables }: StatusView): string[][] {
  return tables
    .filter(({ used, capacity }) => used / capacity > PRESSURE_MAX)
    .map(({ name, used, capacity, isEvicting }) => {
      const share = `${Math.floor((used / capacity) * 100)} % of ${capacity}`;
      return [`table ${name}`, isEvicting ? `${share}, the oldest give way` : share];
    });
}

/** What is wrong, and below it what to do. */
function formatProblem(problem: string): string {
  const { what, advice } = splitProblem(problem);
  const lines = formatParagraph(`${pc.red('problem')}: ${what}`, 0);
  if (advice === undefined) return lines;
  return lines + formatParagraph(`${pc.bold('what to do')}: ${advice}`, 2);
}

/** Problems are written `what is wrong (what to do)`; the advice may have brackets of its own. */
function splitProblem(problem: string): { readonly what: string; readonly advice?: string } {
  if (!problem.endsWith(')')) return { what: problem };
  let open = 0;
  for (let at = problem.length - 1; at > 0; at--) {
    if (problem[at] === ')') open++;
    if (problem[at] === '(' && --open === 0) {
      return { what: problem.slice(0, at).trimEnd(), advice: problem.slice(at + 1, -1) };
    }
  }
  return { what: problem };
}

function masqueradeRows(view: MasqueradeView): string[][] {
  const { ports, pressure } = view;
  const count = ports.last - ports.first + 1;
  const percent = (share: number): string => `${(share * 100).toFixed(0)}%`;
  const uplinks = view.uplinks.map(({ name, ipv4, ipv6 }) => {
    return `${name} as ${[ipv4, ipv6].filter(Boolean).join(', ') || 'nobody'}`;
  });
  const full = `tables ${percent(pressure.established)} and ${percent(pressure.new)} full`;
  return [
    ...uplinks.map((text) => ['masquerade', text]),
    ['', `${view.flows} flows; ${full}`],
    ...view.topEndpoints.map(({ name, ports: used }) => ['', `${used} ports: ${name}`]),
    ...view.topDestinations.map(({ name, ports: used }) => [
      '',
      `${used} of ${count} ports: to ${name}`,
    ]),
  ];
}
