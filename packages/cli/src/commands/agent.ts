/** `skep agent`: the daemon. */
import { type LogFormat, type MonitoringAddress, runDaemon } from '@skep/agent';
import { canUseBpf } from '@skep/bpf';
import { type Command, Option } from 'commander';
import { DEFAULT_SOCKET, parseListen } from '../asking.ts';
import { CommandError } from '../output.ts';

interface AgentCommandOptions {
  readonly state: string;
  readonly bpffs: string;
  readonly socket: string;
  readonly namespace?: string;
  readonly logLevel: string;
  readonly pool: readonly string[];
  readonly reserve: readonly string[];
  readonly logFormat?: LogFormat;
  readonly metrics?: MonitoringAddress;
  readonly containerd?: string;
}

/** For endpoints that bring no address: private, and seldom used. @source RFC 1918, RFC 4193 */
const DEFAULT_POOLS = ['10.118.0.0/16', 'fd5c:e90d:7b21::/64'];

/** Adds `skep agent`, which asks whether BPF is permitted before it touches anything. */
export function addAgentCommand(program: Command): void {
  const logLevel = new Option('--log-level <level>', 'how much it tells on standard error')
    .choices(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info');
  const logFormat = new Option('--log-format <format>', 'text for people, json for collectors')
    .choices(['text', 'json'])
    .default(undefined, 'text where standard error is a terminal, else json');
  program
    .command('agent')
    .description('run the daemon; ended, it leaves the datapath at work')
    .option('--state <directory>', 'what it remembers', '/var/lib/skep')
    .option('--bpffs <directory>', 'where it pins', '/sys/fs/bpf/skep')
    .option('--socket <path>', 'where it listens', DEFAULT_SOCKET)
    .option('--namespace <path>', "the node's network namespace; its own if not given")
    .option('--pool <range...>', 'addresses that it gives: prefixes, or FIRST-LAST', DEFAULT_POOLS)
    .option('--reserve <range...>', 'addresses of the pools that it does not give', [])
    .option('--metrics <host:port>', 'serve /metrics and /healthz there, too', parseListen)
    .option('--containerd <socket>', 'take over the labels of containers that it has')
    .addOption(logLevel)
    .addOption(logFormat)
    .action(async (options: AgentCommandOptions) => {
      const reason = canUseBpf();
      if (reason !== undefined) throw new CommandError(`start agent: ${reason}`);
      await runDaemon({
        stateDirectory: options.state,
        bpffsDirectory: options.bpffs,
        socketPath: options.socket,
        addresses: { pools: options.pool, reserved: options.reserve },
        log: {
          level: options.logLevel,
          ...(options.logFormat === undefined ? {} : { format: options.logFormat }),
        },
        ...(options.metrics === undefined ? {} : { metricsAddress: options.metrics }),
        ...(options.containerd === undefined ? {} : { containerdSocket: options.containerd }),
        ...(options.namespace === undefined ? {} : { networkNamespace: options.namespace }),
      });
    });
}
