/** Namespaces and mounts. @source include/uapi/linux/sched.h, include/uapi/linux/mount.h */

/** Flags of unshare(2) and setns(2), CLONE_*. */
export const CloneFlag = { NEWNS: 0x0002_0000, NEWNET: 0x4000_0000 } as const;

/** Flags of mount(2), MS_*. */
export const MountFlag = {
  READ_ONLY: 1,
  BIND: 4096,
  REC: 16384,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
} as const;

/** Flags of umount2(2), MNT_*. */
export const UnmountFlag = { DETACH: 2 } as const;

/** Flags of openat(2), O_*. */
export const OpenFlag = {
  RDONLY: 0,
  CREAT: 0o100,
  EXCL: 0o200,
  CLOEXEC: 0o2000000,
} as const;

/** Bits of `f_type` from statfs(2). @source include/uapi/linux/magic.h */
export const FileSystemMagic = {
  BPF: 0xcafe4a11,
  CGROUP2: 0x63677270,
  NSFS: 0x6e736673,
} as const;
