/** `skep explain`: which rule decides, why, and what would change it. */
import type { ExplainRequest, ExplainSideView } from '@skep/agent';
import type { Command } from 'commander';
import { paintVerdict, printJson } from '../output.ts';
import { type AskOptions, asking, withAgent } from '../asking.ts';

/** Adds `skep explain`. */
export function addExplainCommand(program: Command): void {
  asking(program.command('explain'))
    .description('say which rule decides about a flow, and what would change it')
    .requiredOption('--from <end>', 'an endpoint (namespace/name) or an address')
    .requiredOption('--to <end>', 'an endpoint (namespace/name) or an address')
    .option('--port <port>', 'destination port, by number or name; ICMP type', '0')
    .option('--protocol <name>', 'TCP, UDP, SCTP, ICMP or ICMPv6', 'TCP')
    .addHelpText(
      'after',
      '\nExample: skep explain --from shop/frontend --to shop/database --port sql',
    )
    .action(explain);
}

async function explain(options: AskOptions & ExplainRequest): Promise<void> {
  const { from, to, port, protocol } = options;
  const answer = await withAgent(options, (agent) => agent.explain({ from, to, port, protocol }));
  if (options.json) return printJson(answer);
  process.stdout.write(`${from} -> ${to} ${protocol} ${port}: ${paintVerdict(answer.verdict)}\n`);
  for (const side of [answer.egress, answer.ingress]) if (side) printSide(side);
}

function printSide({ text, rules, wouldChange }: ExplainSideView): void {
  process.stdout.write(`  ${text}\n`);
  for (const rule of rules) process.stdout.write(`    rule ${rule}\n`);
  for (const change of wouldChange) process.stdout.write(`    would change it: ${change}\n`);
}
