/** `skep observe`: verdicts as they are made. */
import type { FlowFilter, FlowView } from '@skep/agent';
import { type Command, Option } from 'commander';
import { pc } from '../colours.ts';
import { abortedByInterrupt, untilAborted } from '../interrupt.ts';
import { paintVerdict } from '../output.ts';
import { type AskOptions, asking, parseCount, withAgent } from '../asking.ts';

interface ObserveOptions extends AskOptions, FlowFilter {
  readonly last?: number;
  readonly follow?: boolean;
}

/** Adds `skep observe`; with `--json` each line is one flow. */
export function addObserveCommand(program: Command): void {
  asking(program.command('observe'))
    .description('show flows: who talks to whom, and which rule decided')
    .option('--endpoint <name>', 'either end: namespace/name or name')
    .addOption(new Option('--verdict <verdict>', 'only these').choices(['forwarded', 'dropped']))
    .option('--port <number>', "either end's port", parseCount)
    .option('--protocol <name>', 'TCP, UDP, SCTP, ICMP or ICMPv6')
    .option('--last <count>', 'so many of the newest (default: 100)', parseCount)
    .option('-f, --follow', 'go on until interrupted')
    .addHelpText('after', '\nExample: skep observe --verdict dropped --follow')
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
      for (const flow of await agent.recentFlows(filter, options.last ?? 100)) print(flow);
    }
    if (!options.follow) return;
    const stop = await agent.followFlows(filter, print);
    await untilAborted(abortedByInterrupt());
    stop();
  });
}

function printLine(flow: FlowView): void {
  process.stdout.write(`${JSON.stringify(flow)}\n`);
}

/** One flow in one line. */
export function formatFlow(flow: FlowView): string {
  const { source, destination, protocol, tcpFlags, rules, count } = flow;
  const end = ({ name, address, port }: FlowView['source']): string => {
    const who = name === 'world' || name === 'host' ? `${name} ${address}` : name;
    return port === undefined ? who : `${who}:${port}`;
  };
  const kind = [protocol, tcpFlags].filter(Boolean).join(' ');
  const why = [flow.reason, rules.length > 0 ? `by ${rules.join(', ')}` : '']
    .filter(Boolean)
    .join(' ');
  return [
    pc.dim(flow.time.slice(11, 23)),
    `${end(source)} ${flow.isReply ? '<-' : '->'} ${end(destination)}`,
    pc.dim(kind),
    paintVerdict(flow.verdict),
    why,
    count > 1 ? pc.dim(`(${count} packets)`) : '',
  ]
    .filter(Boolean)
    .join('  ');
}
