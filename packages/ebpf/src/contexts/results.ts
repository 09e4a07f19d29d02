/** What programs return, for each kind. */

/** What becomes of a packet at the driver. @source XDP_*, include/uapi/linux/bpf.h */
export enum XdpAction {
  Aborted = 0,
  Drop = 1,
  Pass = 2,
  Transmit = 3,
  Redirect = 4,
}

/** @source TC_ACT_*, include/uapi/linux/pkt_cls.h; TCX_* have the same numbers */
export enum TcAction {
  /** Go on with the next program, then as if none had been there. */
  Next = -1,
  Pass = 0,
  Drop = 2,
  Redirect = 7,
}

/**
 * Whether a control group's process may do it: a packet is dropped, a system call ends with EPERM.
 *
 * @source bpf_prog_run_array_cg, kernel/bpf/cgroup.c
 */
export enum CgroupAction {
  Deny = 0,
  Allow = 1,
}

/** As `CgroupAction`, for bind(2). @source BPF_RET_BIND_*, include/linux/bpf-cgroup.h */
export enum BindAction {
  Deny = 0,
  Allow = 1,
  /** Also a port below 1024 without CAP_NET_BIND_SERVICE. @since Linux 5.12 */
  AllowPrivileged = 3,
}

/** What becomes of data at a socket, or of a lookup of one. @source enum sk_action */
export enum SkAction {
  Drop = 0,
  Pass = 1,
}

/** The enums by their names in `programKinds`. */
export const resultEnums = { XdpAction, TcAction, CgroupAction, BindAction, SkAction } as const;
