/** `skep endpoint list`, `endpoint label`, `identity list`, `ipcache list`, `ipam list`. */
import type { Command } from 'commander';
import { readLabels } from '../labels.ts';
import { formatIdentityLabel, formatLabels, printJson, printList } from '../output.ts';
import { type AskOptions, asking, withAgent } from '../asking.ts';

/**
 * Adds `skep endpoint list`, `skep endpoint label`, `skep identity list`, `skep ipcache list` and
 * `skep ipam list`.
 */
export function addListCommands(program: Command): void {
  const endpoint = program.command('endpoint').description('endpoints of this node');
  asking(endpoint.command('label'))
    .description('give an endpoint other labels, while its traffic goes on')
    .argument('<endpoint>', 'namespace/name or name')
    .argument('<label...>', 'key=value; labels that are not given are gone')
    .addHelpText('after', '\nExample: skep endpoint label shop/frontend app=frontend tier=web')
    .action(labelEndpoint);
  asking(endpoint.command('list'))
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
    .option('--all', 'the reserved ones as well, in use or not, and what they stand for')
    .action(listIdentities);
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
  asking(program.command('ipam').description('addresses that the agent gives').command('list'))
    .description('list pools: how many addresses they have, and how many are taken')
    .action(async (options: AskOptions) => {
      const pools = await withAgent(options, (agent) => agent.listPools());
      const heading = ['FAMILY', 'ADDRESSES', 'TAKEN', 'COOLING', 'RANGES'];
      printList(pools, options.json ?? false, heading, (each) => [
        each.family,
        each.addresses,
        String(each.taken),
        String(each.cooling),
        each.ranges.join(' '),
      ]);
    });
}

async function listIdentities(options: AskOptions & { readonly all?: boolean }): Promise<void> {
  const isAll = options.all ?? false;
  const identities = await withAgent(options, (agent) => agent.listIdentities(isAll));
  const heading = ['IDENTITY', 'ENDPOINTS', 'PLACES', 'LABELS', ...(isAll ? ['MEANING'] : [])];
  printList(identities, options.json ?? false, heading, (each) => [
    String(each.number),
    String(each.endpoints),
    String(each.places),
    each.labels.map(formatIdentityLabel).join(' '),
    ...(isAll ? [each.meaning ?? ''] : []),
  ]);
}

async function labelEndpoint(
  name: string,
  labels: readonly string[],
  options: AskOptions,
): Promise<void> {
  const wanted = readLabels(labels, `label endpoint ${name}`);
  const endpoint = await withAgent(options, (agent) => agent.relabelEndpoint(name, wanted));
  if (options.json) printJson(endpoint);
  else process.stdout.write(`${name} has identity ${endpoint.identity}\n`);
}

function enforced(isIngress: boolean, isEgress: boolean): string {
  if (isIngress && isEgress) return 'both';
  if (isIngress) return 'ingress';
  return isEgress ? 'egress' : 'none';
}
