/**
 * The files by which container runtimes find the plugin: its program, and the configuration of a
 * network. They are written whole or not at all, and what somebody else has written stays.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PLUGIN_TYPE, pluginText } from '@skep/cni';
import { CommandError } from '../output.ts';

/** Where the files are. */
export interface PluginFolders {
  readonly binDir: string;
  readonly confDir: string;
}

/** What the network's configuration says. */
export interface NetworkOptions {
  readonly name: string;
  readonly socket: string;
  readonly cniVersion: string;
  /** Of every endpoint of the network. */
  readonly labels: Readonly<Record<string, string>>;
  readonly hasPortMappings: boolean;
}

interface PluginFile {
  readonly path: string;
  readonly mode: number;
  /** Whether a text was written by an install. */
  readonly isOurs: (text: string) => boolean;
}

/** The line under the first one of the plugin's file, as the build begins every bundle. */
const BUNDLE_BEGIN = '"use strict";\n';
/** The kernel reads no more of the first line of a script. @source BINPRM_BUF_SIZE, binfmts.h */
const SHEBANG_BYTES_MAX = 255;

/** @returns the paths. @throws CommandError where a file of somebody else is in the way */
export function installPlugin(
  folders: PluginFolders,
  network: NetworkOptions,
  nodePath = process.execPath,
): string[] {
  if (/\s/.test(nodePath) || nodePath.length + '#!\n'.length > SHEBANG_BYTES_MAX) {
    const advice = 'link node to a short path without spaces, and call skep by it';
    throw new CommandError(`install plugin: node is at '${nodePath}' (${advice})`);
  }
  const [program, configuration] = filesOf(folders, network.name);
  for (const file of [program, configuration]) refuseForeign(file, 'install');
  // A configuration is found only when the program that it names is there.
  writeWhole(program, pluginText(nodePath));
  writeWhole(configuration, `${JSON.stringify(networkList(network), null, 2)}\n`);
  return [program.path, configuration.path];
}

/**
 * The program goes with the last network that needs it.
 *
 * @returns the paths of what was there. @throws CommandError where one is somebody else's
 */
export function uninstallPlugin(folders: PluginFolders, name: string): string[] {
  const [program, configuration] = filesOf(folders, name);
  const gone = isUsedBesides(configuration, folders) ? [configuration] : [configuration, program];
  const files = gone.filter(({ path }) => existsSync(path));
  for (const file of files) refuseForeign(file, 'uninstall');
  for (const { path } of files) rmSync(path);
  return files.map(({ path }) => path);
}

/** Names of the networks whose containers an agent connects, as an install has written them. */
export function networksOf({ confDir }: Pick<PluginFolders, 'confDir'>, socket: string): string[] {
  return configurations(confDir).flatMap((path) => {
    const name = /^10-(.+)\.conflist$/.exec(basename(path))?.[1];
    const [own] = (name && readList(path)?.plugins) || [];
    return name && own?.type === PLUGIN_TYPE && own.socket === socket ? [name] : [];
  });
}

/** @throws CommandError for a name that no network can have */
function filesOf({ binDir, confDir }: PluginFolders, name: string): [PluginFile, PluginFile] {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
    throw new CommandError(
      `network '${name}': expected letters, digits, and _ . - after the first`,
    );
  }
  const isBundle = (text: string): boolean => {
    const [first = '', ...rest] = text.split('\n');
    return first.startsWith('#!/') && rest.join('\n').startsWith(BUNDLE_BEGIN);
  };
  return [
    { path: join(binDir, PLUGIN_TYPE), mode: 0o755, isOurs: isBundle },
    { path: join(confDir, `10-${name}.conflist`), mode: 0o644, isOurs: isOurList },
  ];
}

/** Whether another network of the folder names the plugin; one that cannot be read may. */
function isUsedBesides({ path: own }: PluginFile, { confDir }: PluginFolders): boolean {
  return configurations(confDir).some((path) => {
    return path !== own && (readIfThere(path)?.includes(PLUGIN_TYPE) ?? true);
  });
}

/** What runtimes read of the folder. @source libcni/conf.go, ConfFiles */
function configurations(confDir: string): string[] {
  if (!existsSync(confDir)) return [];
  return readdirSync(confDir, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && /\.(conf|conflist|json)$/.test(entry.name))
    .map(({ name }) => join(confDir, name));
}

interface NetworkList {
  readonly plugins?: readonly { readonly type?: unknown; readonly socket?: unknown }[];
}

function readList(path: string): NetworkList | undefined {
  const text = readIfThere(path);
  return text === undefined ? undefined : parseList(text);
}

function parseList(text: string): NetworkList | undefined {
  try {
    return JSON.parse(text) as NetworkList;
  } catch {
    return undefined;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function isOurList(text: string): boolean {
  return parseList(text)?.plugins?.[0]?.type === PLUGIN_TYPE;
}

function refuseForeign({ path, isOurs }: PluginFile, verb: string): void {
  if (!existsSync(path) || isOurs(readFileSync(path, 'utf8'))) return;
  const advice = 'move it away, or name other folders';
  throw new CommandError(`${verb} plugin: ${path} was not written by skep (${advice})`);
}

function networkList({
  name,
  socket,
  cniVersion,
  labels,
  hasPortMappings,
}: NetworkOptions): object {
  const own = {
    type: PLUGIN_TYPE,
    socket,
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    capabilities: { ips: true, mac: true, dns: true },
  };
  const portmap = { type: 'portmap', capabilities: { portMappings: true } };
  return { cniVersion, name, plugins: hasPortMappings ? [own, portmap] : [own] };
}

/** Runtimes watch the folder: a file appears there whole, and has no name that they read before. */
function writeWhole({ path, mode }: PluginFile, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${PLUGIN_TYPE}-${process.pid}.tmp`);
  try {
    const fd = openSync(temporary, 'w', mode);
    try {
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    chmodSync(temporary, mode);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}
