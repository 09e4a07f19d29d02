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
const WAIT_SECONDS_MAX = 3600;
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
 * @param isStrict whether all of it is read, and what is not supported is refused: not where a
 *   container goes, which must be possible with every configuration that it failed to come with
 * @throws CniError
 */
export function readNetworkConfig(text: string, isStrict: boolean): NetworkConfig {
  const found = parseJson(text);
  const validAttachments = readValidAttachments(found['cni.dev/valid-attachments']);
  const needed = {
    cniVersion: readVersion(found.cniVersion),
    name: readName(found.name),
    socket: settingOf(found.socket, DEFAULT_SOCKET, 'socket'),
    ...(validAttachments ? { validAttachments } : {}),
  };
  if (isStrict) return { ...needed, ...readWhatIsAsked(found) };
  const waitSeconds = isWait(found.waitSeconds) ? found.waitSeconds : DEFAULT_WAIT_SECONDS;
  return { ...needed, waitSeconds, ...NOTHING_ASKED };
}

type Asked = Omit<NetworkConfig, 'cniVersion' | 'name' | 'socket' | 'validAttachments'>;

/** What a container that goes has to do with. */
const NOTHING_ASKED = { namespace: DEFAULT_NAMESPACE, labels: {}, runtimeConfig: {}, args: {} };

/** @throws CniError */
function readWhatIsAsked(found: Readonly<Record<string, unknown>>): Asked {
  const runtimeConfig = objectOf(found.runtimeConfig, 'runtimeConfig');
  refuseUnknown(found, KNOWN_KEYS, '');
  refuseUnknown(runtimeConfig, ['ips', 'mac', 'dns'], 'runtimeConfig.');
  const { namespace, labels } = found;
  const dns = checkDns(found.dns, 'dns', ['nameservers', 'search', 'options']);
  const prevResult = checkResult(found.prevResult);
  checkDns(runtimeConfig.dns, 'runtimeConfig.dns', ['servers', 'searches', 'options']);
  const args = objectOf(objectOf(found.args, 'args').cni, 'args.cni');
  for (const [place, { ips }] of [
    ['runtimeConfig.ips', runtimeConfig],
    ['args.cni.ips', args],
  ] as const) {
    checkList(ips, place, isText, 'a list of addresses');
  }
  return {
    waitSeconds: readWait(found.waitSeconds),
    namespace: settingOf(namespace, DEFAULT_NAMESPACE, 'namespace'),
    labels: objectOf(labels, 'labels') as Record<string, string>,
    runtimeConfig: runtimeConfig as RuntimeConfig,
    args: args as ConventionalArgs,
    ...(dns && { dns }),
    ...(prevResult && { prevResult }),
  };
}

/** Of a network, or as a capability has it. @throws CniError where it has another shape */
function checkDns(found: unknown, place: string, lists: readonly string[]): Dns | undefined {
  if (found === undefined || found === null) return undefined;
  const dns = objectOf(found, place);
  for (const key of lists) checkList(dns[key], `${place}.${key}`, isText, 'a list of texts');
  settingOf(dns.domain, '', `${place}.domain`);
  return dns;
}

/** What of an earlier result is read here. @throws CniError where it has another shape */
function checkResult(found: unknown): CniResult | undefined {
  if (found === undefined || found === null) return undefined;
  const result = objectOf(found, 'prevResult');
  for (const [key, needed] of RESULT_LISTS) {
    const isItem = (each: unknown): boolean => {
      return isText((each as Record<string, unknown> | null)?.[needed]);
    };
    checkList(result[key], `prevResult.${key}`, isItem, `a list, each with ${needed}`);
  }
  checkDns(result.dns, 'prevResult.dns', ['nameservers', 'search', 'options']);
  return result as unknown as CniResult;
}

/** Lists of a result, and what each of their items has. */
const RESULT_LISTS = [
  ['interfaces', 'name'],
  ['ips', 'address'],
  ['routes', 'dst'],
] as const;

function isText(found: unknown): found is string {
  return typeof found === 'string';
}

/** @throws CniError */
function readWait(found: unknown): number {
  const seconds = settingOf(found, DEFAULT_WAIT_SECONDS, 'waitSeconds');
  if (isWait(seconds)) return seconds;
  const message = `waitSeconds: found ${seconds}, expected 0 to ${WAIT_SECONDS_MAX}`;
  throw new CniError(CniErrorCode.InvalidConfig, message);
}

function isWait(found: unknown): found is number {
  return typeof found === 'number' && found >= 0 && found <= WAIT_SECONDS_MAX;
}

/** A runtime in Go that knows of none writes `null`. @source libcni/api.go, GCNetworkList */
function readValidAttachments(found: unknown): readonly ValidAttachment[] | undefined {
  if (found === undefined || found === null) return found === null ? [] : undefined;
  const place = 'cni.dev/valid-attachments';
  checkList(found, place, isAttachment, '[{ "containerID": ID, "ifname": NAME }]');
  return found as ValidAttachment[];
}

function isAttachment(entry: unknown): entry is ValidAttachment {
  const { containerID, ifname } = (entry ?? {}) as { containerID?: unknown; ifname?: unknown };
  return typeof containerID === 'string' && typeof ifname === 'string';
}

/** @throws CniError where it is there, and no list of such */
function checkList(
  found: unknown,
  place: string,
  isItem: (each: unknown) => boolean,
  expected: string,
): void {
  if (found === undefined || found === null) return;
  if (Array.isArray(found) && found.every(isItem)) return;
  const message = `${place}: found ${JSON.stringify(found)}, expected ${expected}`;
  throw new CniError(CniErrorCode.InvalidConfig, message);
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
