/** The network configuration that the runtime gives on standard input. */
import { DEFAULT_SOCKET } from '@skep/agent/client';
import { CniError, CniErrorCode } from './cni-error.ts';
import type { CniResult, Dns } from './result.ts';
import { type CniVersion, readVersion } from './versions.ts';

/** What the runtime gives by capability. @source CNI CONVENTIONS.md */
export interface RuntimeConfig {
  readonly ips?: readonly string[];
  readonly mac?: string;
  readonly dns?: {
    readonly servers?: readonly string[];
    readonly searches?: readonly string[];
    readonly options?: readonly string[];
  };
}

/** What people and orchestrators give by `args.cni`. @source CNI CONVENTIONS.md */
export interface ConventionalArgs {
  readonly ips?: readonly string[];
  readonly labels?: readonly { readonly key: string; readonly value: string }[];
}

/** A container that is still there, in the words of the specification. */
export interface ValidAttachment {
  readonly containerID: string;
  readonly ifname: string;
}

/** A configuration that has been looked at. */
export interface NetworkConfig {
  readonly cniVersion: CniVersion;
  /** Of the network. */
  readonly name: string;
  /** Where the agent listens. */
  readonly socket: string;
  /** How long an agent that does not answer is waited for. */
  readonly waitSeconds: number;
  /** Of endpoints for which the runtime names none. */
  readonly namespace: string;
  /** Of every endpoint of the network. */
  readonly labels: Readonly<Record<string, string>>;
  readonly dns?: Dns;
  readonly runtimeConfig: RuntimeConfig;
  readonly args: ConventionalArgs;
  readonly prevResult?: CniResult;
  readonly validAttachments?: readonly ValidAttachment[];
}

const DEFAULT_WAIT_SECONDS = 30;
const DEFAULT_NAMESPACE = 'default';

/** What a configuration may hold: the specification's keys, then ours. */
const KNOWN_KEYS = [
  'cniVersion',
  'name',
  'type',
  'args',
  'capabilities',
  'dns',
  'prevResult',
  'runtimeConfig',
  'cni.dev/valid-attachments',
  'cni.dev/attachments',
  'socket',
  'waitSeconds',
  'namespace',
  'labels',
];

/** What is asked for now and then, and where it is had. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  ipam: 'the agent gives addresses: start it with --pool',
  ipMasq: 'the agent decides it for the whole node',
  mtu: "it is that of the node's way out",
  bandwidth: 'there is no shaping of traffic yet',
  portMappings: 'put the portmap plugin behind this one, and the capability there',
  ipRanges: 'the agent gives addresses: start it with --pool',
};

/**
 * @param isStrict whether what is not supported is refused: not where a container goes, which must
 *   be possible with every configuration that it failed to come with
 * @throws CniError
 */
export function readNetworkConfig(text: string, isStrict: boolean): NetworkConfig {
  const found = parseJson(text);
  const cniVersion = readVersion(found.cniVersion);
  const runtimeConfig = objectOf(found.runtimeConfig, 'runtimeConfig');
  if (isStrict) {
    refuseUnknown(found, KNOWN_KEYS, '');
    refuseUnknown(runtimeConfig, ['ips', 'mac', 'dns'], 'runtimeConfig.');
  }
  const { name, socket, waitSeconds, namespace, labels, dns, prevResult } = found;
  const valid = found['cni.dev/valid-attachments'];
  return {
    cniVersion,
    name: readName(name),
    socket: settingOf(socket, DEFAULT_SOCKET, 'socket'),
    waitSeconds: settingOf(waitSeconds, DEFAULT_WAIT_SECONDS, 'waitSeconds'),
    namespace: settingOf(namespace, DEFAULT_NAMESPACE, 'namespace'),
    labels: objectOf(labels, 'labels') as Record<string, string>,
    runtimeConfig: runtimeConfig as RuntimeConfig,
    args: objectOf(objectOf(found.args, 'args').cni, 'args.cni') as ConventionalArgs,
    ...(dns ? { dns: dns as Dns } : {}),
    ...(prevResult ? { prevResult: prevResult as CniResult } : {}),
    ...(Array.isArray(valid) ? { validAttachments: valid as ValidAttachment[] } : {}),
  };
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return objectOf(JSON.parse(text), 'network configuration');
  } catch (error) {
    if (error instanceof CniError) throw error;
    const message = `network configuration: ${(error as Error).message}`;
    throw new CniError(CniErrorCode.Decoding, message, 'expected JSON on standard input');
  }
}

/** A value of the type of its default. */
function settingOf<T>(value: unknown, byDefault: T, place: string): T {
  if (value === undefined) return byDefault;
  if (typeof value === typeof byDefault) return value as T;
  const message = `${place}: found ${JSON.stringify(value)}, expected a ${typeof byDefault}`;
  throw new CniError(CniErrorCode.InvalidConfig, message);
}

function objectOf(value: unknown, place: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  const message = `${place}: found ${JSON.stringify(value)}, expected an object`;
  throw new CniError(CniErrorCode.InvalidConfig, message);
}

function readName(name: unknown): string {
  if (typeof name === 'string' && /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return name;
  const message = `name: found ${JSON.stringify(name)}, expected letters, digits, and _ . -`;
  throw new CniError(CniErrorCode.InvalidConfig, message);
}

/** What is not carried out is refused by name, with its value, and never ignored. */
function refuseUnknown(
  found: Readonly<Record<string, unknown>>,
  known: readonly string[],
  prefix: string,
): void {
  for (const [key, value] of Object.entries(found)) {
    if (known.includes(key)) continue;
    const message = `${prefix}${key} ${JSON.stringify(value)}: not supported`;
    throw new CniError(CniErrorCode.UnsupportedField, message, ELSEWHERE[key]);
  }
}
