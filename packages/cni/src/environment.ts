/** What the runtime says in the environment. @source CNI specification 1.1, "Parameters" */
import { existsSync, statfsSync, statSync } from 'node:fs';
import { CniError, CniErrorCode } from './cni-error.ts';

/** What can be asked of a plugin. */
export type CniCommand = 'ADD' | 'DEL' | 'CHECK' | 'STATUS' | 'GC' | 'VERSION';

/** The environment of one call; what a command does not need is empty. */
export interface Environment {
  readonly command: CniCommand;
  readonly containerId: string;
  readonly interfaceName: string;
  /** Path. */
  readonly networkNamespace: string;
  /** `CNI_ARGS` by key. */
  readonly args: Readonly<Record<string, string>>;
}

type Variable = 'CNI_CONTAINERID' | 'CNI_IFNAME' | 'CNI_NETNS';

const NEEDED: Readonly<Record<CniCommand, readonly Variable[]>> = {
  ADD: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_NETNS'],
  CHECK: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_NETNS'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME'],
  STATUS: [],
  GC: [],
  VERSION: [],
};

/** NSFS_MAGIC. @source include/uapi/linux/magic.h */
const NAMESPACE_FILE_SYSTEM = 0x6e736673;

/** Arguments that mean something here; others are an error unless the runtime says otherwise. */
const KNOWN_ARGS = [
  'IgnoreUnknown',
  'IP',
  'MAC',
  'K8S_POD_NAMESPACE',
  'K8S_POD_NAME',
  'K8S_POD_INFRA_CONTAINER_ID',
  'K8S_POD_UID',
];

/** @throws CniError */
export function readEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const command = readCommand(variables.CNI_COMMAND);
  const missing = NEEDED[command].filter((name) => !variables[name]);
  if (missing.length > 0) throw invalid(`${missing.join(', ')}: missing, ${command} needs it`);
  const { CNI_CONTAINERID = '', CNI_IFNAME = '', CNI_NETNS = '', CNI_ARGS = '' } = variables;
  if (NEEDED[command].includes('CNI_CONTAINERID')) checkNames(CNI_CONTAINERID, CNI_IFNAME);
  if (NEEDED[command].includes('CNI_NETNS')) checkNamespace(CNI_NETNS);
  return {
    command,
    containerId: CNI_CONTAINERID,
    interfaceName: CNI_IFNAME,
    networkNamespace: CNI_NETNS,
    args: readArgs(CNI_ARGS, command === 'ADD'),
  };
}

function readCommand(found: string | undefined): CniCommand {
  const known = Object.keys(NEEDED) as CniCommand[];
  const command = known.find((each) => each === found);
  if (command) return command;
  const advice = 'this is a CNI plugin: a container runtime calls it, people call skep';
  throw invalid(`CNI_COMMAND '${found ?? ''}': expected one of ${known.join(', ')}`, advice);
}

function checkNames(containerId: string, interfaceName: string): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(containerId)) {
    throw invalid(
      `CNI_CONTAINERID '${containerId}': expected letters, digits, and _ . - after the first`,
    );
  }
  const isName = /^[^/:%\s]{1,15}$/.test(interfaceName) && !/^\.\.?$/.test(interfaceName);
  if (!isName) throw invalid(`CNI_IFNAME '${interfaceName}': expected the name of an interface`);
}

function checkNamespace(path: string): void {
  if (!path.startsWith('/')) throw invalid(`CNI_NETNS '${path}': expected an absolute path`);
  if (!existsSync(path)) {
    throw new CniError(CniErrorCode.UnknownContainer, `CNI_NETNS '${path}': there is none`);
  }
  if (statfsSync(path).type !== NAMESPACE_FILE_SYSTEM) {
    throw invalid(`CNI_NETNS '${path}': it is no network namespace, expected the container's`);
  }
  const [found, own] = [statSync(path), statSync('/proc/self/ns/net')];
  if (found.ino === own.ino && found.dev === own.dev) {
    throw invalid(`CNI_NETNS '${path}': it is the host's own, expected the container's`);
  }
}

function readArgs(text: string, isStrict: boolean): Record<string, string> {
  const entries = text.split(';').filter((each) => each !== '');
  const args = Object.fromEntries(
    entries.map((entry) => {
      const [key = '', ...value] = entry.split('=');
      return [key, value.join('=')];
    }),
  );
  const unknown = Object.keys(args).filter((key) => !KNOWN_ARGS.includes(key));
  const isTolerant = /^(1|true)$/i.test(args.IgnoreUnknown ?? '');
  if (isStrict && unknown.length > 0 && !isTolerant) {
    throw invalid(`CNI_ARGS ${unknown.join(', ')}: not supported (IgnoreUnknown=1 ignores it)`);
  }
  return args;
}

function invalid(message: string, details?: string): CniError {
  return new CniError(CniErrorCode.InvalidEnvironment, message, details);
}
