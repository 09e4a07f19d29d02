/** `skep observe`: verdicts as they are made. */
import {
  type AgentClient,
  type FlowFilter,
  type FlowView,
  isCalled,
  qualifiedName,
} from '@skep/agent';
import { formatAddressPort } from '@skep/wire';
import { type Command, Option } from 'commander';
import {
  type AskOptions,
  asking,
  parseCount,
  parsePort,
  parseProtocol,
  withAgent,
} from '../asking.ts';
import { pc } from '../colours.ts';
import { abortedByInterrupt, untilAborted } from '../interrupt.ts';
import { CommandError, paintVerdict } from '../output.ts';

interface ObserveOptions extends AskOptions, FlowFilter {
  readonly last?: number;
  readonly follow?: boolean;
}

const HELP = `
A line is one flow: time, ends, protocol, verdict, reason of a drop, and the
rules that decided. With --json each line is one JSON object.

Examples:
  skep observe --verdict dropped --follow
  skep observe --endpoint shop/api --port 8000 --last 20`;

/** Adds `skep observe`; with `--json` each line is one flow. */
export function addObserveCommand(program: Command): void {
  asking(program.command('observe'))
    .description('show flows: who talks to whom, and which rule decided')
    .option('--endpoint <name>', 'either end: namespace/name or name')
    .addOption(new Option('--verdict <verdict>', 'only these').choices(['forwarded', 'dropped']))
    .option('--port <number>', "either end's port", parsePort)
    .option('--protocol <name>', 'TCP, UDP, SCTP, ICMP or ICMPv6', parseProtocol)
    .option('--last <count>', 'so many of the newest (default: 100)', parseCount)
    .option('-f, --follow', 'show new ones until interrupted; with --last, older ones first')
    .addHelpText('after', HELP)
    .action(observe);
}

async function observe(options: ObserveOptions): Promise<void> {
  const { endpoint, verdict, port, protocol } = options;
  const filter = Object.fromEntries(
    Object.entries({ endpoint, verdict, port, protocol }).filter(
      ([, value]) => value !== undefined,
    ),
  ) as FlowFilter;
  const print = options.json
    ? printLine
    : (flow: FlowView) => process.stdout.write(`${formatFlow(flow)}\n`);
  await withAgent(options, async (agent) => {
    if (!options.follow || options.last !== undefined) {
      const flows = await agent.recentFlows(filter, options.last ?? 100);
      for (const flow of flows) print(flow);
      // Not on standard output, where every line is a flow.
      if (flows.length === 0) process.stderr.write(`${await nothingText(agent, filter)}\n`);
    }
    if (options.follow) await follow(agent, filter, print);
  });
}

/** Until it is interrupted. @throws CommandError when the agent ends it */
async function follow(
  agent: AgentClient,
  filter: FlowFilter,
  print: (flow: FlowView) => void,
): Promise<void> {
  const interrupted = untilAborted(abortedByInterrupt());
  let end = (): void => {};
  const ended = new Promise<'ended'>((resolve) => {
    end = () => resolve('ended');
  });
  const stop = await agent.followFlows(filter, print, end);
  if ((await Promise.race([interrupted, ended])) === 'ended') {
    throw new CommandError('follow flows: the agent has ended them (is it still running?)');
  }
  stop();
}

async function nothingText(agent: AgentClient, filter: FlowFilter): Promise<string> {
  const wanted = Object.entries(filter).map(([key, value]) => `${key} ${value}`);
  if (wanted.length === 0) return 'no flows yet';
  const text = `no flows yet with ${wanted.join(', ')}`;
  const { endpoint } = filter;
  if (endpoint === undefined || SHOWN_BY_ADDRESS.has(endpoint)) return text;
  const endpoints = await agent.listEndpoints();
  const isKnown = endpoints.some((each) => isCalled(qualifiedName(each), endpoint));
  return isKnown
    ? text
    : `${text}; no endpoint is called ${endpoint} now (see \`skep endpoint list\`)`;
}

function printLine(flow: FlowView): void {
  process.stdout.write(`${JSON.stringify(flow)}\n`);
}

/** Names that more than one address has. */
const SHOWN_BY_ADDRESS: ReadonlySet<string> = new Set(['world', 'host', 'unknown']);

/** One flow in one line. */
export function formatFlow(flow: FlowView): string {
  const { source, destination, protocol, tcpFlags, rules, count } = flow;
  const end = ({ name, address, port }: FlowView['source']): string => {
    if (address === '') return name;
    if (!SHOWN_BY_ADDRESS.has(name)) return port === undefined ? name : `${name}:${port}`;
    return `${name} ${port === undefined ? address : formatAddressPort(address, port)}`;
  };
  const arrow = destination.name === '' ? '' : flow.isReply ? '<-' : '->';
  const ends = [end(source), arrow, end(destination)].filter(Boolean).join(' ');
  const kind = [protocol, tcpFlags].filter(Boolean).join(' ');
  const why = [flow.reason, rules.length > 0 ? `by ${rules.join(', ')}` : '']
    .filter(Boolean)
    .join(' ');
  return [
    pc.dim(flow.time.slice(11, 23)),
    ends,
    kind && pc.dim(kind),
    paintVerdict(flow.verdict),
    why,
    count > 1 ? pc.dim(`(${count} packets)`) : '',
  ]
    .filter(Boolean)
    .join('  ');
}
