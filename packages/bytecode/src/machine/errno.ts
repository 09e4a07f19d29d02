/** Error numbers of maps and helpers, positive. @source include/uapi/asm-generic/errno-base.h */
export enum Errno {
  ENOENT = 2,
  E2BIG = 7,
  EAGAIN = 11,
  ENOMEM = 12,
  EACCES = 13,
  EFAULT = 14,
  EEXIST = 17,
  EINVAL = 22,
  ENOSPC = 28,
  EOPNOTSUPP = 95,
  /** Of the kernel itself: never of a system call. */
  ENOTSUPP = 524,
}
