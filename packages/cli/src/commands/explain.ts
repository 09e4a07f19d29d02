/** `skep explain`: which rule decides, why, and what would change it. */
import type { ExplainRequest } from '@skep/agent';
import type { Command } from 'commander';
import { type AskOptions, asking, parseProtocol, withAgent } from '../asking.ts';
import { formatParagraph, formatSide, paintVerdict, printJson } from '../output.ts';

const END = 'an endpoint (namespace/name), an address, host, world, or world:ADDRESS';

const HELP = `
Endpoints with both families are asked about over IPv4; ICMPv6 or an address
asks about the other.

Examples:
  skep explain --from shop/frontend --to shop/database --port sql
  skep explain --from 192.0.2.7 --to shop/api --protocol ICMP
  skep explain --from world:192.0.2.7 --to host --port 22`;

/** Adds `skep explain`. */
export function addExplainCommand(program: Command): void {
  asking(program.command('explain'))
    .description('say which rule decides about a flow, and what would change it')
    .usage('--from <end> --to <end> [options]')
    .requiredOption('--from <end>', END)
    .requiredOption('--to <end>', END)
    .option('--port <port>', 'destination port, by number or name; of ICMP the type (EchoRequest)')
    .option('--protocol <name>', 'TCP, UDP, SCTP, ICMP or ICMPv6', parseProtocol, 'TCP')
    .addHelpText('after', HELP)
    .action(explain);
}

async function explain(options: AskOptions & ExplainRequest): Promise<void> {
  const { from, to, port, protocol } = options;
  const request = { from, to, protocol, ...(port === undefined ? {} : { port }) };
  const answer = await withAgent(options, (agent) => agent.explain(request));
  if (options.json) return printJson(answer);
  const what = port === undefined ? protocol : `${protocol} ${port}`;
  process.stdout.write(`${from} -> ${to} ${what}: ${paintVerdict(answer.verdict)}\n`);
  if (answer.text) process.stdout.write(formatParagraph(answer.text, 2));
  for (const side of [answer.egress, answer.ingress]) {
    if (side) process.stdout.write(formatSide(side, 2));
  }
}
