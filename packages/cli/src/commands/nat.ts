/** `skep nat list`. */
import type { AddressPortView } from '@skep/agent';
import { formatAddressPort } from '@skep/wire';
import type { Command } from 'commander';
import { type AskOptions, asking, withAgent } from '../asking.ts';
import { printList } from '../output.ts';

/** Adds `skep nat list`. */
export function addNatCommand(program: Command): void {
  asking(program.command('nat').description('masqueraded flows').command('list'))
    .description('list flows to the world: who has which port of the node')
    .addHelpText('after', '\nWho has the most: skep status.')
    .action(async (options: AskOptions) => {
      const flows = await withAgent(options, (agent) => agent.listTranslations());
      const heading = ['ENDPOINT', 'PROTOCOL', 'SOURCE', 'MASQUERADE', 'DESTINATION', 'STATE'];
      printList(flows, options.json ?? false, heading, (each) => [
        each.endpoint,
        each.protocol,
        formatEnd(each.source),
        formatEnd(each.masquerade),
        formatEnd(each.destination),
        each.state,
      ]);
    });
}

function formatEnd({ address, port }: AddressPortView): string {
  return formatAddressPort(address, port);
}
