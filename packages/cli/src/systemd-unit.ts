/** The unit that systemd runs the agent by. @source systemd.service(5), systemd.exec(5) */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Its name. */
export const UNIT_NAME = 'skep-agent.service';
/** Where an administrator's units are. */
export const UNIT_DIRECTORY = '/etc/systemd/system';
/** What a unit begins with that may be replaced and taken away again. */
const MARK = '# Made by `skep install`; `skep uninstall` takes it away.';

/** What the agent does with each. */
const CAPABILITIES: readonly (readonly [name: string, purpose: string])[] = [
  ['CAP_BPF', 'maps and programs'],
  ['CAP_PERFMON', 'programs that compare pointers, as the verifier has it'],
  ['CAP_NET_ADMIN', 'links, routes, settings, attaching programs'],
  ['CAP_SYS_ADMIN', 'entering network namespaces, mounting a BPF file system'],
  ['CAP_SYS_PTRACE', 'opening the network namespace of a process'],
];

/**
 * The text of the unit.
 *
 * It ends with status 0 only when it is told to, so that is no failure; killed, it is started again
 * and takes over, however often that fails: nobody else takes a change back that has cut somebody
 * off. Only the agent is killed with it: datapath and endpoints stay. Nothing that makes a mount
 * namespace is switched on, because the file system of pins is everybody's.
 *
 * @param command the agent's, each word of it
 */
export function unitText(command: readonly string[]): string {
  const purposes = CAPABILITIES.map(([name, purpose]) => `# ${name}: ${purpose}\n`).join('');
  const names = CAPABILITIES.map(([name]) => name).join(' ');
  return `${MARK}
[Unit]
Description=Skep agent: container traffic, connected and secured inside the kernel
After=local-fs.target network-pre.target
Before=containerd.service crio.service docker.service kubelet.service podman-restart.service
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=${command.map(quoteWord).join(' ')}
Restart=on-failure
RestartForceExitStatus=SIGHUP
RestartSec=1
KillMode=process
RuntimeDirectory=skep
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
StateDirectory=skep
StateDirectoryMode=0700
LimitNOFILE=65536
${purposes}CapabilityBoundingSet=${names}
NoNewPrivileges=yes
RestrictRealtime=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;
}

/** A word as systemd reads it: `%` begins a specifier, `$` a variable. */
function quoteWord(word: string): string {
  const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  if (/^[\w@%+=:,./$[\]-]+$/.test(word)) return escaped;
  return `"${escaped.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** What is at the unit's place: nothing, one of ours, or somebody else's. */
export function findUnit(directory: string): 'none' | 'ours' | 'other' {
  const path = join(directory, UNIT_NAME);
  if (!existsSync(path)) return 'none';
  return readFileSync(path, 'utf8').startsWith(MARK) ? 'ours' : 'other';
}

/** The words that our unit runs the agent with, as {@link unitText} was given them. */
export function unitCommand(directory: string): string[] | undefined {
  if (findUnit(directory) !== 'ours') return undefined;
  const text = readFileSync(join(directory, UNIT_NAME), 'utf8');
  const line = /^ExecStart=(.*)$/m.exec(text)?.[1] ?? '';
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) => {
    const word = plain ?? quoted!.replace(/\\(.)/g, '$1');
    return word.replaceAll('%%', '%').replaceAll('$$', '$');
  });
}
