/** `skep cni install`, `skep cni uninstall`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_SOCKET } from '@skep/agent';
import { SUPPORTED_VERSIONS } from '@skep/cni';
import { type Command, Option } from 'commander';
import { parsePath } from '../asking.ts';
import { installPlugin, type PluginFolders, uninstallPlugin } from '../cni/plugin-files.ts';
import { readLabels } from '../labels.ts';

interface InstallOptions extends PluginFolders {
  readonly name: string;
  readonly socket: string;
  readonly cniVersion: string;
  readonly label?: readonly string[];
}

/** Where Debian keeps the standard plugins, besides the folder that is given. */
const DEBIAN_PLUGINS = '/usr/lib/cni';
/** What the runtimes of Debian 12 understand: podman 4.3, containerd 1.6. */
const DEFAULT_VERSION = '1.0.0';

/** Adds `skep cni install` and `skep cni uninstall`. */
export function addCniCommands(program: Command): void {
  const cni = program.command('cni').description('the plugin that container runtimes call');
  const version = new Option('--cni-version <version>', 'what the configuration is written in')
    .choices([...SUPPORTED_VERSIONS])
    .default(DEFAULT_VERSION);
  withNetwork(cni.command('install'))
    .description('write the plugin and a network, for podman, containerd and the like')
    .option('--socket <path>', 'where the agent listens', parsePath, DEFAULT_SOCKET)
    .option('--label <key=value...>', 'labels of all endpoints of the network')
    .addOption(version)
    .addHelpText(
      'after',
      '\nExample: skep cni install --name shop --label app=shop\n' +
        '         podman run --network shop ...',
    )
    .action(install);
  withNetwork(cni.command('uninstall'))
    .description('take both files away; containers that run stay connected')
    .action((options: PluginFolders & { name: string }) => {
      const paths = uninstallPlugin(options, options.name);
      process.stdout.write(paths.length > 0 ? lines('removed', paths) : 'none\n');
    });
}

function withNetwork(command: Command): Command {
  return withFolders(command).option('--name <name>', 'the name of the network', 'skep');
}

/** Adds the options that say where runtimes look. */
export function withFolders(command: Command): Command {
  return command
    .option('--bin-dir <folder>', 'where runtimes find plugins', parsePath, '/opt/cni/bin')
    .option('--conf-dir <folder>', 'where they find networks', parsePath, '/etc/cni/net.d');
}

function install(options: InstallOptions): void {
  const { name, socket, cniVersion, label = [] } = options;
  const folders = [options.binDir, DEBIAN_PLUGINS];
  const hasPortMappings = folders.some((folder) => existsSync(join(folder, 'portmap')));
  const labels = readLabels(label, 'install plugin');
  const network = { name, socket, cniVersion, labels, hasPortMappings };
  process.stdout.write(lines('wrote', installPlugin(options, network)));
  if (hasPortMappings) return;
  const where = folders.join(' or ');
  process.stdout.write(`no port mappings: the portmap plugin is not in ${where}\n`);
}

function lines(verb: string, paths: readonly string[]): string {
  return paths.map((path) => `${verb} ${path}\n`).join('');
}
