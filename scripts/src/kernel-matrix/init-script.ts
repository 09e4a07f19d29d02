/** The first program of a virtual machine: from an archive in memory to the host's own files. */

/** What the script is made for. Paths are those of the host, which the guest sees too. */
export interface InitOptions {
  /** File names in the archive's /modules, in the order in which they are loaded. */
  readonly modules: readonly string[];
  /** Holds the folder of this kernel's release, as /lib/modules does. */
  readonly modulesDirectory: string;
  /** The project. It is seen also where it lies among files that are hidden. */
  readonly project: string;
  /** Runs when the file systems are there; the machine goes off when it ends. */
  readonly command: readonly string[];
}

/**
 * The host's files are a lower layer that is never written to; writes go to memory. Temporary and
 * run-time files of the host are hidden, but for the project. The last shell stays: process 1
 * collects orphans.
 */
export function initScript({ modules, modulesDirectory, project, command }: InitOptions): string {
  const root = quoted(`/root${project}`);
  return `#!/busybox sh
B=/busybox
$B mount -t proc proc /proc
$B mount -t sysfs sys /sys
$B mount -t devtmpfs dev /dev
for module in ${modules.join(' ')}; do $B insmod /modules/$module; done
$B ip link set lo up
$B hostname skep-guest
$B mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=524288 root /lower || exit 1
$B mount -t tmpfs tmpfs /upper
$B mkdir /upper/files /upper/work
$B mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work o /root || exit 1
$B mkdir /project
$B mount -o bind ${root} /project
cd /root
$B mkdir -p proc sys dev tmp run usr/lib/modules
$B mount --move /proc proc
$B mount --move /sys sys
$B mount --move /dev dev
$B mkdir -p dev/shm dev/pts
$B mount -t tmpfs tmpfs dev/shm
$B mount -t devpts devpts dev/pts
$B mount -t tmpfs tmpfs run
$B mount -t tmpfs tmpfs tmp
$B mkdir -p run/netns ${root}
$B mount --move /project ${root}
$B mount -t cgroup2 cgroup2 sys/fs/cgroup
$B mount -t bpf bpf sys/fs/bpf
$B mount -o bind /root${quoted(modulesDirectory)} usr/lib/modules
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
exec $B switch_root -c /dev/console /root /bin/sh -c ${quoted(
    `${command.map(quoted).join(' ')}; echo o > /proc/sysrq-trigger; sleep 60`,
  )}
`;
}

/** One word of a shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
