/** `skep endpoint list`, `identity list`, `ipcache list`. */
import type { Command } from 'commander';
import { formatLabels, printList } from '../output.ts';
import { type AskOptions, asking, withAgent } from '../asking.ts';

/** Adds `skep endpoint list`, `skep identity list` and `skep ipcache list`. */
export function addListCommands(program: Command): void {
  asking(program.command('endpoint').description('endpoints of this node').command('list'))
    .description('list endpoints: their addresses, identity, and whether policy is enforced')
    .action(async (options: AskOptions) => {
      const endpoints = await withAgent(options, (agent) => agent.listEndpoints());
      const heading = ['ID', 'ENDPOINT', 'STATE', 'IDENTITY', 'IPV4', 'IPV6', 'ENFORCED', 'LABELS'];
      printList(endpoints, options.json ?? false, heading, (each) => [
        String(each.id),
        `${each.namespace}/${each.name}`,
        each.state,
        String(each.identity),
        each.ipv4 ?? '-',
        each.ipv6 ?? '-',
        enforced(each.isIngressEnforced, each.isEgressEnforced),
        formatLabels(each.labels),
      ]);
    });
  asking(program.command('identity').description('identities in use').command('list'))
    .description('list identities: numbers that stand for sets of labels')
    .action(async (options: AskOptions) => {
      const identities = await withAgent(options, (agent) => agent.listIdentities());
      printList(identities, options.json ?? false, ['IDENTITY', 'ENDPOINTS', 'LABELS'], (each) => [
        String(each.number),
        String(each.endpoints),
        each.labels.join(' '),
      ]);
    });
  asking(program.command('ipcache').description('addresses and their identities').command('list'))
    .description('list prefixes: who is behind each address')
    .action(async (options: AskOptions) => {
      const places = await withAgent(options, (agent) => agent.listIpcache());
      printList(places, options.json ?? false, ['PREFIX', 'IDENTITY', 'OWNER'], (each) => [
        each.prefix,
        String(each.identity),
        each.owner,
      ]);
    });
}

function enforced(isIngress: boolean, isEgress: boolean): string {
  if (isIngress && isEgress) return 'both';
  if (isIngress) return 'ingress';
  return isEgress ? 'egress' : 'none';
}
