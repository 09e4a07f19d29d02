/** `skep policy list|apply|delete|validate|test`. */
import { readText } from '@skep/lab';
import { documentKey, parsePolicies } from '@skep/policy';
import type { Command } from 'commander';
import { CommandError, printJson, printList } from '../output.ts';
import { runPolicyTests } from '../policy-test/run.ts';
import { type AskOptions, asking, withAgent } from '../asking.ts';

const POLICY_FILE = 'NetworkPolicy, CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy';

const TEST_HELP = `
Without --live the programs that a node would run decide on the machine: no
rights, no agent. With it each endpoint gets a network namespace and an agent of
its own decides in the kernel; all of it is taken away again.

Exit status: 0 every verdict is as expected, 1 one is not or a file is refused,
2 skep was called wrongly.

Examples:
  skep policy test examples/policy-tests/*.yaml
  skep policy test --live examples/policy-tests/shop.yaml`;

/** Adds `skep policy` and what is below it. */
export function addPolicyCommands(program: Command): void {
  const policy = program.command('policy').description('policies: what may talk to what');
  asking(policy.command('list'))
    .description('list policies and the endpoints that they are about')
    .action(listPolicies);
  asking(policy.command('apply'))
    .description('add or replace the policies of YAML files')
    .argument('<file...>', POLICY_FILE)
    .addHelpText('after', '\nExample: skep policy apply examples/labs/shop-policies.yaml')
    .action(applyPolicies);
  asking(policy.command('delete'))
    .description('delete policies by key')
    .argument('<key...>', 'kind/namespace/name, as `skep policy list` shows it')
    .action(deletePolicies);
  policy
    .command('validate')
    .description('check YAML files without applying them')
    .argument('<file...>', POLICY_FILE)
    .option('--json', 'print JSON')
    .action(validatePolicies);
  policy
    .command('test')
    .description('unit tests for policies: decide the probes of test files, or try them live')
    .argument('<file...>', 'YAML of kind PolicyTest')
    .option('--live', 'try each probe with real packets between network namespaces; needs root')
    .option('--json', 'print JSON: every verdict, with both sides explained')
    .addHelpText('after', TEST_HELP)
    .action(runPolicyTests);
}

async function listPolicies(options: AskOptions): Promise<void> {
  const policies = await withAgent(options, (agent) => agent.listPolicies());
  printList(policies, options.json ?? false, ['KEY', 'RULES', 'ENDPOINTS'], (each) => [
    each.key,
    String(each.rules),
    each.endpoints.join(' ') || '-',
  ]);
}

async function applyPolicies(files: readonly string[], options: AskOptions): Promise<void> {
  await withAgent(options, async (agent) => {
    const results = [];
    for (const file of files) {
      const result = await agent.applyPolicies(readText(file), file);
      results.push(result);
      if (!options.json) report('applied', result.changed, result.milliseconds);
    }
    if (options.json) printJson(results);
  });
}

async function deletePolicies(keys: readonly string[], options: AskOptions): Promise<void> {
  const result = await withAgent(options, (agent) => agent.deletePolicies(keys));
  const missing = keys.filter((key) => !result.changed.includes(key));
  if (options.json) printJson(result);
  else report('deleted', result.changed, result.milliseconds);
  if (missing.length > 0) {
    throw new CommandError(
      `delete policy ${missing.join(', ')}: not there (see \`skep policy list\`)`,
    );
  }
}

function validatePolicies(files: readonly string[], options: { readonly json?: boolean }): void {
  const keys = files.flatMap((file) => parsePolicies(readText(file), { file }).map(documentKey));
  if (options.json) printJson(keys);
  else for (const key of keys) process.stdout.write(`valid ${key}\n`);
}

function report(what: string, keys: readonly string[], milliseconds: number): void {
  for (const key of keys) process.stdout.write(`${what} ${key}\n`);
  process.stdout.write(`in force after ${milliseconds.toFixed(1)} ms\n`);
}
