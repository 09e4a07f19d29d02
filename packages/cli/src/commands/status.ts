/** `skep status`. */
import type { StatusView } from '@skep/agent';
import type { Command } from 'commander';
import { pc } from '../colours.ts';
import { formatTable, printJson } from '../output.ts';
import { type AskOptions, asking, withAgent } from '../asking.ts';

/** Adds `skep status`; its exit status is 1 where the agent has problems. */
export function addStatusCommand(program: Command): void {
  asking(program.command('status'))
    .description('say how the node is, what is wrong, and what to do about it')
    .addHelpText(
      'after',
      '\nExit status: 1 where something is wrong.\n\nExample: skep status --json',
    )
    .action(async (options: AskOptions) => {
      const status = await withAgent(options, (agent) => agent.status());
      if (options.json) printJson(status);
      else process.stdout.write(formatStatus(status));
      if (status.problems.length > 0) process.exitCode = 1;
    });
}

function formatStatus(status: StatusView): string {
  const dropped = Object.entries(status.droppedPackets).sort((a, b) => b[1] - a[1]);
  const rows = [
    ['agent', `${status.version}, since ${status.startedAt}`],
    ['kernel', `${status.kernel}, programs attached by ${status.attachment}`],
    ['endpoints', `${status.endpoints} with ${status.identities} identities`],
    ['policies', `${status.policies}, revision ${status.revision}`],
    ['forwarded', `${status.forwardedPackets} packets`],
    ...dropped.map(([reason, packets]) => ['dropped', `${packets} packets: ${reason}`]),
    ['events lost', String(status.lostEvents)],
    ['memory', `${(status.memoryBytes / 2 ** 20).toFixed(0)} MiB`],
  ];
  const problems = status.problems.map((problem) => `${pc.red('problem')}: ${problem}\n`);
  return formatTable(['', ''], rows).split('\n').slice(1).join('\n') + problems.join('');
}
