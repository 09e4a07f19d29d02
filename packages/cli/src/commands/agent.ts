/** `skep agent`: the daemon. */
import { runDaemon } from '@skep/agent';
import { canUseBpf } from '@skep/bpf';
import { type Command, Option } from 'commander';
import { DEFAULT_SOCKET } from '../asking.ts';
import { CommandError } from '../output.ts';

interface AgentCommandOptions {
  readonly state: string;
  readonly bpffs: string;
  readonly socket: string;
  readonly namespace?: string;
  readonly logLevel: string;
}

/** Adds `skep agent`, which asks whether BPF is permitted before it touches anything. */
export function addAgentCommand(program: Command): void {
  const logLevel = new Option('--log-level <level>', 'how much it tells on standard error')
    .choices(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info');
  program
    .command('agent')
    .description('run the daemon; ended, it leaves the datapath at work')
    .option('--state <directory>', 'what it remembers', '/var/lib/skep')
    .option('--bpffs <directory>', 'where it pins', '/sys/fs/bpf/skep')
    .option('--socket <path>', 'where it listens', DEFAULT_SOCKET)
    .option('--namespace <path>', "the node's network namespace; its own if not given")
    .addOption(logLevel)
    .action(async (options: AgentCommandOptions) => {
      const reason = canUseBpf();
      if (reason !== undefined) throw new CommandError(`start agent: ${reason}`);
      await runDaemon({
        stateDirectory: options.state,
        bpffsDirectory: options.bpffs,
        socketPath: options.socket,
        logLevel: options.logLevel,
        ...(options.namespace === undefined ? {} : { networkNamespace: options.namespace }),
      });
    });
}
