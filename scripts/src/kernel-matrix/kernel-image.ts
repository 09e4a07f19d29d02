/** A kernel made ready to boot, kept in the project's cache by the name of its package. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { projectRoot } from '../project.ts';
import { packedKernel, unpackerOf } from './boot-image.ts';
import { cpioArchive } from './cpio-archive.ts';
import { findPackage, unpackPackage } from './debian-kernel.ts';
import { initScript } from './init-script.ts';
import { moduleOrder } from './module-order.ts';
import { findTool, runTool } from './tool.ts';

/** Files of one kernel. */
export interface KernelImage {
  /** Debian's package that it is from. */
  readonly name: string;
  /** The kernel, unpacked: an ELF file. */
  readonly kernel: string;
  /** As /lib/modules: holds the folder of the kernel's release. */
  readonly modulesDirectory: string;
}

/** What the guest needs before it has a root: the host's files, memory over them, the port. */
const bootModules = ['virtio_pci', 'virtio_console', '9pnet_virtio', '9p', 'overlay'] as const;

/** Without them nothing is downloaded. */
const bootTools = ['qemu-system-x86_64', 'busybox', 'depmod'] as const;

/**
 * The newest kernel of a version that apt has, downloaded and unpacked where that is not done yet.
 *
 * @param version two numbers: `6.1`
 * @param cache the folder that keeps kernels
 * @throws MissingToolError; NoKernelError; Error where apt cannot download it
 */
export function prepareKernel(version: string, cache: string): KernelImage {
  for (const tool of bootTools) findTool(tool);
  const name = findPackage(version);
  const folder = join(cache, name);
  if (!existsSync(folder)) {
    console.log(`kernel ${version}: getting Debian's ${name} ...`);
    const unfinished = `${folder}.unfinished-${process.pid}`;
    try {
      makeFolder(name, unfinished);
      renameSync(unfinished, folder);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
  return { name, kernel: join(folder, 'vmlinux'), modulesDirectory: join(folder, 'modules') };
}

/** Of the package only the kernel and its modules are kept. */
function makeFolder(name: string, folder: string): void {
  const files = join(folder, 'files');
  unpackPackage(name, files);
  const release = onlyEntry(join(files, 'lib/modules'));
  runTool('depmod', ['-b', files, release]);
  const packed = packedKernel(readFileSync(join(files, 'boot', `vmlinuz-${release}`)));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'vmlinux'), runTool(unpackerOf(packed), ['-dc'], { input: packed }));
  renameSync(join(files, 'lib/modules'), join(folder, 'modules'));
  rmSync(files, { recursive: true });
}

/** The archive that the kernel starts with: a shell, the modules for its root, the script. */
export function initialArchive(image: KernelImage, command: readonly string[]): Uint8Array {
  const release = join(image.modulesDirectory, onlyEntry(image.modulesDirectory));
  const order = moduleOrder(readFileSync(join(release, 'modules.dep'), 'utf8'), bootModules);
  const modules = order.map((file) => ({
    path: `modules/${basename(file).replace(/\.ko\.\w+$/, '.ko')}`,
    content: readModule(join(release, file)),
  }));
  const folders = ['proc', 'sys', 'dev', 'lower', 'upper', 'root', 'modules'];
  const script = initScript({
    modules: modules.map(({ path }) => basename(path)),
    modulesDirectory: image.modulesDirectory,
    project: projectRoot,
    command,
  });
  return cpioArchive([
    ...folders.map((path) => ({ path })),
    { path: 'busybox', content: readFileSync(findTool('busybox')) },
    ...modules,
    { path: 'init', content: Buffer.from(script) },
  ]);
}

function readModule(file: string): Uint8Array {
  const bytes = readFileSync(file);
  return file.endsWith('.ko') ? bytes : runTool(unpackerOf(bytes), ['-dc'], { input: bytes });
}

function onlyEntry(folder: string): string {
  const entries = readdirSync(folder);
  const [entry] = entries;
  if (entry && entries.length === 1) return entry;
  throw new Error(`${folder}: found ${entries.join(', ') || 'nothing'}, expected one entry`);
}
