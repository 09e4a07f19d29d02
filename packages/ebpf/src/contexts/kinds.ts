// tidy: table: kinds of programs
/**
 * The kinds of programs. The kernel's numbers stand here and nowhere else: a program's kind follows
 * from the class of its context, so that an author writes none.
 *
 * @source enum bpf_prog_type and enum bpf_attach_type, include/uapi/linux/bpf.h
 */

/**
 * The names of the enums that programs return; `bytes` is a number of bytes, `errno` 0 or a
 * negative one, `nothing` none.
 */
export type ResultName =
  | 'XdpAction'
  | 'TcAction'
  | 'CgroupAction'
  | 'BindAction'
  | 'SkAction'
  | 'bytes'
  | 'errno'
  | 'nothing';

/** What is fixed for one kind of program. */
export interface KindFacts {
  /** @alias BPF_PROG_TYPE_* */
  readonly programType: number;
  /** What the kernel wants to know when it loads the program. @alias expected_attach_type */
  readonly attachType?: number;
  readonly result: ResultName;
  /** What a program returns whose function returns nothing; absent where it must say something. */
  readonly resultOfNothing?: number;
  /** The first kernel that has it, for messages and tables only. */
  readonly since: string;
}

const sockAddr = 18;

/** By name. */
export const programKinds = {
  socketFilter: { programType: 1, result: 'bytes', since: '3.19' },
  tc: { programType: 3, result: 'TcAction', since: '4.1' },
  xdp: { programType: 6, result: 'XdpAction', since: '4.8' },
  cgroupIngress: { programType: 8, attachType: 0, result: 'CgroupAction', since: '4.10' },
  cgroupEgress: { programType: 8, attachType: 1, result: 'CgroupAction', since: '4.10' },
  socketCreate: { programType: 9, attachType: 2, result: 'CgroupAction', since: '4.10' },
  socketRelease: {
    programType: 9,
    attachType: 34,
    result: 'CgroupAction',
    resultOfNothing: 1,
    since: '5.9',
  },
  postBind4: { programType: 9, attachType: 12, result: 'CgroupAction', since: '4.17' },
  postBind6: { programType: 9, attachType: 13, result: 'CgroupAction', since: '4.17' },
  sockOps: {
    programType: 13,
    attachType: 3,
    result: 'nothing',
    // What the program has to say it writes to `reply`; 0 would mean that it failed.
    resultOfNothing: 1,
    since: '4.13',
  },
  streamParser: { programType: 14, attachType: 4, result: 'bytes', since: '4.14' },
  streamVerdict: { programType: 14, attachType: 5, result: 'SkAction', since: '4.14' },
  skbVerdict: { programType: 14, attachType: 38, result: 'SkAction', since: '5.13' },
  message: { programType: 16, attachType: 7, result: 'SkAction', since: '4.17' },
  bind4: { programType: sockAddr, attachType: 8, result: 'BindAction', since: '4.17' },
  bind6: { programType: sockAddr, attachType: 9, result: 'BindAction', since: '4.17' },
  connect4: { programType: sockAddr, attachType: 10, result: 'CgroupAction', since: '4.17' },
  connect6: { programType: sockAddr, attachType: 11, result: 'CgroupAction', since: '4.17' },
  sendmsg4: { programType: sockAddr, attachType: 14, result: 'CgroupAction', since: '4.18' },
  sendmsg6: { programType: sockAddr, attachType: 15, result: 'CgroupAction', since: '4.18' },
  recvmsg4: {
    programType: sockAddr,
    attachType: 19,
    result: 'nothing',
    resultOfNothing: 1,
    since: '5.2',
  },
  recvmsg6: {
    programType: sockAddr,
    attachType: 20,
    result: 'nothing',
    resultOfNothing: 1,
    since: '5.2',
  },
  getpeername4: {
    programType: sockAddr,
    attachType: 29,
    result: 'nothing',
    resultOfNothing: 1,
    since: '5.8',
  },
  userFunction: { programType: 2, result: 'nothing', resultOfNothing: 0, since: '4.17' },
  tracepoint: { programType: 5, result: 'nothing', resultOfNothing: 0, since: '4.7' },
  rawTracepoint: { programType: 17, result: 'nothing', resultOfNothing: 0, since: '4.17' },
  functionEntry: {
    programType: 26,
    attachType: 24,
    result: 'nothing',
    resultOfNothing: 0,
    since: '5.5',
  },
  functionExit: {
    programType: 26,
    attachType: 25,
    result: 'nothing',
    resultOfNothing: 0,
    since: '5.5',
  },
  socketIterator: {
    programType: 26,
    attachType: 28,
    result: 'nothing',
    resultOfNothing: 0,
    since: '5.9',
  },
  securityHook: { programType: 29, attachType: 27, result: 'errno', since: '5.7' },
  socketLookup: { programType: 30, attachType: 36, result: 'SkAction', since: '5.9' },
  reuseport: { programType: 21, attachType: 39, result: 'SkAction', since: '4.19' },
  reuseportMigrate: { programType: 21, attachType: 40, result: 'SkAction', since: '5.14' },
  getpeername6: {
    programType: sockAddr,
    attachType: 30,
    result: 'nothing',
    resultOfNothing: 1,
    since: '5.8',
  },
  getsockname4: {
    programType: sockAddr,
    attachType: 31,
    result: 'nothing',
    resultOfNothing: 1,
    since: '5.8',
  },
  getsockname6: {
    programType: sockAddr,
    attachType: 32,
    result: 'nothing',
    resultOfNothing: 1,
    since: '5.8',
  },
} as const satisfies Readonly<Record<string, KindFacts>>;

/** The name of a kind. */
export type ProgramKind = keyof typeof programKinds;

/** The facts of a kind. */
export function factsOf(kind: ProgramKind): KindFacts {
  return programKinds[kind];
}
