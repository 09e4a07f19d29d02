/** `skep agent`: the daemon. */
import { runDaemon } from '@skep/agent';
import type { Command } from 'commander';
import { DEFAULT_SOCKET } from '../asking.ts';

interface AgentCommandOptions {
  readonly state: string;
  readonly bpffs: string;
  readonly socket: string;
  readonly namespace?: string;
  readonly logLevel: string;
}

/** Adds `skep agent`; it throws what `runDaemon` throws. */
export function addAgentCommand(program: Command): void {
  program
    .command('agent')
    .description('run the daemon; ended, it leaves the datapath at work')
    .option('--state <directory>', 'what it remembers', '/var/lib/skep')
    .option('--bpffs <directory>', 'where it pins', '/sys/fs/bpf/skep')
    .option('--socket <path>', 'where it listens', DEFAULT_SOCKET)
    .option('--namespace <path>', "the node's network namespace; its own if not given")
    .option('--log-level <level>', 'trace, debug, info, warn or error', 'info')
    .action(async (options: AgentCommandOptions) => {
      await runDaemon({
        stateDirectory: options.state,
        bpffsDirectory: options.bpffs,
        socketPath: options.socket,
        logLevel: options.logLevel,
        ...(options.namespace === undefined ? {} : { networkNamespace: options.namespace }),
      });
    });
}
