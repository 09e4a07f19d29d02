/** `skep agent`: the daemon. */
import {
  type AgentOptions,
  DEVICE_CHOICES,
  type DeviceChoice,
  type DaemonOptions,
  DEFAULT_SOCKET,
  type LogFormat,
  type MasqueradeOptions,
  type MonitoringAddress,
  type PortRange,
  readExceptions,
  readPorts,
  readRanges,
  runDaemon,
} from '@skep/agent';
import { canUseBpf } from '@skep/bpf';
import { PolicyProtocol, type SafePort } from '@skep/policy';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseListen, parsePath } from '../asking.ts';
import { readLabels } from '../labels.ts';
import { CommandError } from '../output.ts';

/** Where an agent keeps things, as its options say it. */
export interface PlaceOptions {
  readonly state: string;
  readonly bpffs: string;
  readonly socket: string;
  readonly namespace?: string;
}

/** Their names. */
export const PLACES = ['state', 'bpffs', 'socket', 'namespace'] as const;

/** What the agent is told on the command line. */
export interface AgentCommandOptions extends PlaceOptions {
  readonly logLevel: string;
  readonly pool: readonly string[];
  readonly reserve?: readonly string[];
  readonly logFormat?: LogFormat;
  readonly metrics?: MonitoringAddress;
  readonly containerd?: string;
  readonly podman?: string;
  readonly masquerade?: boolean;
  readonly uplink?: readonly string[];
  readonly masqueradePorts?: PortRange;
  readonly masqueradeExcept?: readonly string[];
  readonly nodeLabel?: readonly string[];
  readonly safePort?: readonly string[];
  readonly device: DeviceChoice;
}

/** For endpoints that bring no address: private, and seldom used. @source RFC 1918, RFC 4193 */
const DEFAULT_POOLS = ['10.118.0.0/16', 'fd5c:e90d:7b21::/64'];

/** Adds the options that say where an agent keeps things. */
export function withPlaces(command: Command): Command {
  return command
    .option('--state <directory>', 'what it remembers', parsePath, '/var/lib/skep')
    .option('--bpffs <directory>', 'where it pins', parsePath, '/sys/fs/bpf/skep')
    .option('--socket <path>', 'where it listens', parsePath, DEFAULT_SOCKET)
    .option('--namespace <path>', "the node's network namespace; its own if not given", parsePath);
}

/** As the agent takes them. */
export function agentOptions({ state, bpffs, namespace }: PlaceOptions): AgentOptions {
  return {
    stateDirectory: state,
    bpffsDirectory: bpffs,
    ...(namespace === undefined ? {} : { networkNamespace: namespace }),
  };
}

/** Adds the options that say how an agent works; `skep install` writes them into a unit. */
export function withWork(command: Command): Command {
  const logLevel = new Option('--log-level <level>', 'how much it tells on standard error')
    .choices(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info');
  const logFormat = new Option('--log-format <format>', 'text for people, json for collectors')
    .choices(['text', 'json'])
    .default(undefined, 'text where standard error is a terminal, else json');
  const device = new Option('--device <kind>', 'what connects new endpoints')
    .choices(DEVICE_CHOICES)
    .default('auto', 'auto: netkit where the kernel has it, else veth');
  return command
    .option(
      '--pool <range...>',
      'addresses that it gives: prefixes, or FIRST-LAST',
      several((pools) => readRanges({ pools }), DEFAULT_POOLS),
      DEFAULT_POOLS,
    )
    .option(
      '--reserve <range...>',
      'addresses of the pools that it does not give',
      several((reserved) => readRanges({ reserved })),
    )
    .option('--metrics <host:port>', 'serve /metrics and /healthz there, too', parseListen)
    .option('--containerd <socket>', 'take over the labels of containers that it has', parsePath)
    .option('--podman <socket>', 'the same of podman, when a container has started', parsePath)
    .option('--masquerade', 'endpoints reach the world under the address of the node')
    .option('--uplink <name...>', 'interfaces to the world; those of default routes if not given')
    .option('--masquerade-ports <first-last>', 'ports for endpoints (49152-65535)', parsePorts)
    .option(
      '--masquerade-except <prefix...>',
      'prefixes that see the addresses of endpoints',
      several((except) => readExceptions({ except })),
    )
    .option(
      '--node-label <label...>',
      'key=value, by which policies select this node',
      several(readNodeLabels),
    )
    .option(
      '--safe-port <port...>',
      `ports that no policy of nodes closes: ${SAFE_PORT}; or none`,
      several(readSafePorts),
    )
    .addOption(device)
    .addOption(logLevel)
    .addOption(logFormat);
}

/** Adds `skep agent`, which asks whether BPF is permitted before it touches anything. */
export function addAgentCommand(program: Command): void {
  withWork(withPlaces(program.command('agent')))
    .description('run the daemon; ended, it leaves the datapath at work')
    .action(async (options: AgentCommandOptions, command: Command) => {
      const daemon = daemonOptions(options, command);
      const reason = canUseBpf();
      if (reason !== undefined) throw new CommandError(`start agent: ${reason}`);
      await runDaemon(daemon);
    });
}

/**
 * A parser of an option's values, which stay text.
 *
 * @param read checks those that were given so far
 */
function several(
  read: (texts: readonly string[]) => unknown,
  defaults: readonly string[] = [],
): (text: string, before?: readonly string[]) => readonly string[] {
  return (text, before = defaults) => {
    const texts = before === defaults ? [text] : [...before, text];
    checked(() => read(texts));
    return texts;
  };
}

/** @throws InvalidArgumentError that says what the task has thrown */
function checked<T>(task: () => T): T {
  try {
    return task();
  } catch (error) {
    const { message } = error as Error;
    throw new InvalidArgumentError(`${message[0]!.toUpperCase()}${message.slice(1)}.`);
  }
}

/** @throws CommanderError for options that do not go together */
export function daemonOptions(options: AgentCommandOptions, command: Command): DaemonOptions {
  const { socket, logLevel: level, logFormat: format, metrics, containerd, podman } = options;
  return {
    ...agentOptions(options),
    socketPath: socket,
    device: options.device,
    addresses: { pools: options.pool, reserved: options.reserve ?? [] },
    log: { level, ...(format === undefined ? {} : { format }) },
    ...(metrics === undefined ? {} : { metricsAddress: metrics }),
    ...(containerd === undefined ? {} : { containerdSocket: containerd }),
    ...(podman === undefined ? {} : { podmanSocket: podman }),
    ...masqueradeOf(options, command),
    ...nodeOf(options),
  };
}

/** @throws CommanderError where masquerade is described, but not asked for */
function masqueradeOf(
  options: AgentCommandOptions,
  command: Command,
): { masquerade?: MasqueradeOptions } {
  const { uplink, masqueradePorts, masqueradeExcept } = options;
  const isDescribed = uplink ?? masqueradePorts ?? masqueradeExcept;
  if (!options.masquerade) {
    if (!isDescribed) return {};
    command.error('error: --uplink, --masquerade-ports and --masquerade-except need --masquerade');
  }
  return {
    masquerade: {
      ...(uplink && { uplinks: uplink }),
      ...(masqueradePorts && { ports: masqueradePorts }),
      ...(masqueradeExcept && { except: masqueradeExcept }),
    },
  };
}

const SAFE_PORT = '(ingress|egress):(tcp|udp|sctp):PORT';

function nodeOf({ nodeLabel, safePort }: AgentCommandOptions): Partial<AgentOptions> {
  return {
    ...(nodeLabel && { nodeLabels: readNodeLabels(nodeLabel) }),
    ...(safePort && { safePorts: readSafePorts(safePort) }),
  };
}

/** @throws CommandError */
function readNodeLabels(texts: readonly string[]): Record<string, string> {
  return readLabels(texts, 'label node');
}

/** `none` alone is none at all. @throws CommandError */
function readSafePorts(texts: readonly string[]): SafePort[] {
  if (texts.join() === 'none') return [];
  return texts.map((text) => {
    const [, direction, protocol, port] =
      /^(ingress|egress):(tcp|udp|sctp):([1-9][0-9]{0,4})$/.exec(text) ?? [];
    if (!port || Number(port) > 65535) {
      throw new CommandError(`safe port '${text}': expected ${SAFE_PORT}, or none`);
    }
    return {
      direction: direction as SafePort['direction'],
      protocol: SAFE_PROTOCOLS[protocol as keyof typeof SAFE_PROTOCOLS],
      port: Number(port),
    };
  });
}

const SAFE_PROTOCOLS = {
  tcp: PolicyProtocol.Tcp,
  udp: PolicyProtocol.Udp,
  sctp: PolicyProtocol.Sctp,
} as const;

function parsePorts(text: string): PortRange {
  const match = /^([0-9]{1,5})-([0-9]{1,5})$/.exec(text);
  if (!match) throw new InvalidArgumentError('Expected two ports, such as 49152-65535.');
  return checked(() => readPorts({ ports: { first: Number(match[1]), last: Number(match[2]) } }));
}
