/** `skep policy list|apply|delete|validate|test`. */
import type { ChangeOptions, PendingView, PolicyResult } from '@skep/agent';
import { readText } from '@skep/lab';
import { documentKey, idleDenials, parsePolicyFiles } from '@skep/policy';
import type { Command } from 'commander';
import { pc } from '../colours.ts';
import { CommandError, printJson, printList } from '../output.ts';
import { runPolicyTests } from '../policy-test/run.ts';
import { type AskOptions, asking, parseDuration, withAgent } from '../asking.ts';

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

const CONFIRM_HELP = `
With --confirm-within the policies are in force at once, and go back by
themselves unless \`skep policy confirm\` comes in time, also when the agent has
died meanwhile. One change waits at a time: what it names is changed by nobody
until it is confirmed or has gone back, and what others change meanwhile stays.
What is about the node itself needs one of the two options.

Examples:
  skep policy apply examples/labs/shop-policies.yaml
  skep policy apply --confirm-within 60s node.yaml && skep policy confirm`;

const RELABEL_HELP = `
An agent that is started with other labels (--node-label, or the name of the
host) goes on with those of before where other policies would be about the node
by the new ones, and \`skep status\` says so. This takes the new ones, for a
time unless \`skep policy confirm\` comes, or for good.

Example: skep policy relabel-node --confirm-within 60s`;

interface ChangeCommandOptions extends AskOptions {
  readonly confirmWithin?: number;
  /** False for `--no-confirm`. */
  readonly confirm: boolean;
}

/** Adds `--confirm-within` and `--no-confirm`. */
function changing(command: Command): Command {
  return asking(command)
    .option('--confirm-within <time>', 'go back unless confirmed by then', parseDuration)
    .option('--no-confirm', 'stay, though it is about this node and may cut you off');
}

/** Adds `skep policy` and what is below it. */
export function addPolicyCommands(program: Command): void {
  const policy = program.command('policy').description('policies: what may talk to what');
  asking(policy.command('list'))
    .description('list policies and the endpoints that they are about')
    .action(listPolicies);
  changing(policy.command('apply'))
    .description('add or replace the policies of YAML files, all of them or none')
    .argument('<file...>', POLICY_FILE)
    .addHelpText('after', CONFIRM_HELP)
    .action(applyPolicies);
  changing(policy.command('delete'))
    .description('delete policies by key')
    .argument('<key...>', 'kind/namespace/name, as `skep policy list` shows it')
    .action(deletePolicies);
  changing(policy.command('relabel-node'))
    .description('select this node by the labels that its agent was started with')
    .addHelpText('after', RELABEL_HELP)
    .action(relabelNode);
  asking(policy.command('confirm'))
    .description('let the change that waits stay')
    .action((options: AskOptions) => endPending(options, 'confirmed'));
  asking(policy.command('revert'))
    .description('take the change that waits back, now')
    .action((options: AskOptions) => endPending(options, 'reverted'));
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
  const [policies, { pendingPolicies }] = await withAgent(options, (agent) =>
    Promise.all([agent.listPolicies(), agent.status()]),
  );
  printList(policies, options.json ?? false, ['KEY', 'RULES', 'ENDPOINTS'], (each) => [
    each.key,
    String(each.rules),
    each.endpoints.join(' ') || '-',
  ]);
  if (pendingPolicies && !options.json) process.stdout.write(pendingText(pendingPolicies));
}

/** What waits, and for how long. */
function pendingText(pending: PendingView): string {
  const { secondsLeft } = pending;
  return `to be confirmed within ${secondsLeft} s, or it goes back: ${whatWaits(pending)}\n`;
}

/** Policies, or the labels that they select this node by. */
export function whatWaits({ keys, isOfLabels }: PendingView): string {
  return `${isOfLabels ? 'labels of this node, which concern ' : ''}${keys.join(', ')}`;
}

async function endPending(options: AskOptions, what: 'confirmed' | 'reverted'): Promise<void> {
  const result = await withAgent(options, (agent) => {
    return what === 'confirmed' ? agent.confirmPolicies() : agent.revertPolicies();
  });
  if (options.json) printJson(result);
  else for (const key of result.changed) process.stdout.write(`${what} ${key}\n`);
}

function changeOptions({ confirmWithin, confirm }: ChangeCommandOptions): ChangeOptions {
  if (confirmWithin !== undefined) return { confirmWithinSeconds: confirmWithin };
  return confirm ? {} : { isUnconfirmed: true };
}

async function applyPolicies(
  files: readonly string[],
  options: ChangeCommandOptions,
): Promise<void> {
  const texts = files.map((file) => ({ file, text: readText(file) }));
  const result = await withAgent(options, (agent) => {
    return agent.applyPolicyFiles(texts, changeOptions(options));
  });
  warn(result.warnings ?? []);
  if (options.json) printJson(result);
  else report('applied', result);
}

async function deletePolicies(
  keys: readonly string[],
  options: ChangeCommandOptions,
): Promise<void> {
  const result = await withAgent(options, (agent) => {
    return agent.deletePolicies(keys, changeOptions(options));
  });
  const missing = keys.filter((key) => !result.changed.includes(key));
  if (options.json) printJson(result);
  else if (result.changed.length > 0) report('deleted', result);
  if (missing.length > 0) {
    throw new CommandError(
      `delete policy ${missing.join(', ')}: not there (see \`skep policy list\`)`,
    );
  }
}

async function relabelNode(options: ChangeCommandOptions): Promise<void> {
  const result = await withAgent(options, (agent) => agent.relabelNode(changeOptions(options)));
  if (options.json) printJson(result);
  else report('selects otherwise', result);
}

function validatePolicies(files: readonly string[], options: { readonly json?: boolean }): void {
  const parsed = parsePolicyFiles(files.map((file) => ({ file, text: readText(file) })));
  const documents = parsed.flatMap((each) => each.documents);
  const keys = documents.map(documentKey);
  warn(idleDenials(documents));
  if (options.json) printJson(keys);
  else for (const key of keys) process.stdout.write(`valid ${key}\n`);
}

function warn(warnings: readonly string[]): void {
  for (const each of warnings) process.stderr.write(`${pc.yellow('warning')}: ${each}\n`);
}

function report(what: string, { changed, milliseconds, pending }: PolicyResult): void {
  for (const key of changed) process.stdout.write(`${what} ${key}\n`);
  process.stdout.write(`in force after ${milliseconds.toFixed(1)} ms\n`);
  if (pending) process.stdout.write(`${pendingText(pending)}(see \`skep policy confirm\`)\n`);
}
