/**
 * Every error that the compiler reports, as data. A code is never reused; the thousands say the
 * kind: 1 constructs, 2 values and types, 3 memory, 4 control flow and functions, 5 modules and
 * programs. `{0}`, `{1}` in a message stand for details of the place.
 */
export interface DiagnosticEntry {
  /** Shown as `SKEP` and this number. */
  readonly code: number;
  readonly message: string;
  /** What to write instead. */
  readonly help: string;
}

/** The entries by the names that rules refuse with. */
export const diagnosticTable = {
  tryStatement: {
    code: 1001,
    message: 'kernel programs have no exceptions: try is not available',
    help: 'test the result of the call: lookups and ctx.at return null, updates a negative number',
  },
  throwStatement: {
    code: 1002,
    message: 'kernel programs have no exceptions: throw is not available',
    help: 'return a value that says what went wrong',
  },
  closure: {
    code: 1003,
    message: 'a function cannot be made inside a kernel program',
    help: 'declare it with `function` at module level; it is inlined at each call',
  },
  generator: {
    code: 1004,
    message: "'{0}' is a generator, which cannot run in the kernel",
    help: 'write a loop in the caller',
  },
  asyncFunction: {
    code: 1005,
    message: "'{0}' is asynchronous, which cannot run in the kernel",
    help: 'a kernel program runs to its end: leave out async and await',
  },
  destructuring: {
    code: 1006,
    message: 'destructuring is not available in a kernel program',
    help: 'bind one name to each value: const x = value.x',
  },
  templateString: {
    code: 1007,
    message: 'text is not available in a kernel program',
    help: 'fixed text is bytes: text(...); report numbers and make the text in node',
  },
  spread: {
    code: 1008,
    message: 'spread is not available in a kernel program',
    help: 'name each field or argument',
  },
  optionalChain: {
    code: 1009,
    message: '`?.` is available only on the left of `??`',
    help: 'write `a?.b ?? fallback`, or test for null first',
  },
  forIn: {
    code: 1010,
    message: 'for-in is not available in a kernel program',
    help: 'use for-of over an array that is known when compiling',
  },
  classInside: {
    code: 1011,
    message: 'a {0} cannot be declared inside a kernel program',
    help: 'declare it at module level and export it',
  },
  label: {
    code: 1012,
    message: "no loop around this is labelled '{0}'",
    help: 'put the label on an enclosing for, while or do loop',
  },
  statement: {
    code: 1013,
    message: '{0} is not available in a kernel program',
    help: 'see the list of available statements in packages/compiler/README.md',
  },
  expression: {
    code: 1014,
    message: '{0} is not available in a kernel program',
    help: 'see the list of available expressions in packages/compiler/README.md',
  },
  operator: {
    code: 1015,
    message: "operator '{0}' is not available in a kernel program",
    help: 'use + - * / % & | ^ ~ << >> >>>, comparisons, && || ?? ! and assignments of these',
  },
  notAnInteger: {
    code: 2001,
    message: '{0} is not an integer',
    help: 'the kernel has no floating point: scale the value, for example to thousandths',
  },
  outOfRange: {
    code: 2002,
    message: '{0} does not fit in {1}',
    help: 'use a wider type or a smaller value',
  },
  notAValue: {
    code: 2003,
    message: '{0} exists only when compiling and cannot be used as a value here',
    help: 'use integers, booleans, null and structs at run time',
  },
  expectedInteger: {
    code: 2004,
    message: 'expected an integer, found {0}',
    help: 'read one field of it',
  },
  shiftTooFar: {
    code: 2005,
    message: 'shift by {0} of a value of {1} bits',
    help: 'widen the value first: u64(x) << n',
  },
  compareNegative: {
    code: 2006,
    message: 'an unsigned value is never {0}',
    help: 'declare it signed (let x: s64 = ...), or cast it: s64(x)',
  },
  mixedSigns: {
    code: 2007,
    message: "operator '{0}' on a signed and an unsigned value of 64 bits",
    help: 'cast one of them: s64(x) or u64(x)',
  },
  mergedValues: {
    code: 2008,
    message: 'the two sides do not have one type: {0} and {1}',
    help: 'make both integers, both booleans or both the same struct',
  },
  unknownType: {
    code: 2009,
    message: "type '{0}' is not available in a kernel program",
    help: 'use u8 to u64, s32, s64, boolean, an enum or an exported struct class',
  },
  mustBeKnown: {
    code: 2010,
    message: '{0} must be known when compiling',
    help: 'use a constant, a compile-time object, or a parameter bound to one',
  },
  comparePointers: {
    code: 2011,
    message: 'two structs cannot be compared',
    help: 'compare their fields; only null can be compared with a struct',
  },
  hostFailure: {
    code: 2012,
    message: 'running {0} when compiling failed: {1}',
    help: 'a function that runs when compiling must not need the kernel',
  },
  beyondExact: {
    code: 2013,
    message: 'a number beyond 2^53 is rounded, this one to {0}',
    help: 'write a bigint, and cast it where it is used: u64(0x20000000000001n)',
  },
  indexOutOfRange: {
    code: 3001,
    message: 'index {0} is outside an array of {1}',
    help: 'the last index is {2}',
  },
  indexUnbounded: {
    code: 3002,
    message: 'nothing here proves that the index is below {0}',
    help: 'compare it first (if ({2}) return ...) or mask it (i & {1})',
  },
  atomicOperator: {
    code: 3003,
    message: 'an atomic field takes only += and -=, as a statement of its own',
    help: 'fetchAdd and its like give what was there; a plain field can be changed freely',
  },
  movedPacket: {
    code: 3004,
    message: "this view of the packet is from before '{0}', which moved the packet (line {1})",
    help: 'call ctx.at again after it',
  },
  missingNullCheck: {
    code: 3005,
    message: 'this may be null',
    help: 'test it first: if (!x) return ...',
  },
  notAssignable: {
    code: 3006,
    message: '{0} cannot be assigned to',
    help: 'assign to a let variable, or to a field of a struct, cell or context',
  },
  unknownField: {
    code: 3007,
    message: "{0} has no field '{1}'",
    help: 'its fields are: {2}',
  },
  wrongStruct: {
    code: 3008,
    message: 'expected {0}, found {1}',
    help: 'structs are told apart by their class: copy the fields with new {0}({ ... })',
  },
  contextReadOnly: {
    code: 3009,
    message: "the context's field '{0}' cannot be written",
    help: 'the kernel lets programs write only: {1}',
  },
  literalWithoutStruct: {
    code: 3010,
    message: 'an object literal has no layout here',
    help: 'say which struct it is: new Name({ ... })',
  },
  arrayLength: {
    code: 3011,
    message: 'expected {0} elements, found {1}',
    help: 'give every element',
  },
  stackTooSmall: {
    code: 3012,
    message: "'{0}' takes {1} bytes, the kernel's stack has 512",
    help: 'keep it in a per-CPU array map',
  },
  unionMembers: {
    code: 3013,
    message: "union '{0}' is made from one of its members, found {1}",
    help: 'give one; the others are other readings of the same bytes',
  },
  helperBytes: {
    code: 3014,
    message: '{0} is told of {1} bytes where there are {2}',
    help: 'give the size of what it is given, as in Word.size',
  },
  kernelWords: {
    code: 3015,
    message: "the fields of a '{0}' are the kernel's own",
    help: 'take a lock by withLock, start a timer by startTimer',
  },
  recordGone: {
    code: 3016,
    message: "this record is no longer the program's: '{0}' gave it away (line {1})",
    help: 'read and write it before',
  },
  atomicField: {
    code: 3017,
    message: "{0} changes a field declared with atomic(), found '{1}'",
    help: 'name the field itself, fetchAdd(entry.field, 1), and declare it: field: atomic(u32)',
  },
  recursion: {
    code: 4001,
    message: "'{0}' calls itself",
    help: 'write a loop with a bound',
  },
  missingReturn: {
    code: 4003,
    message: "'{0}' may end without returning a value",
    help: 'return a value at the end; a switch over an enum needs a default clause',
  },
  unassigned: {
    code: 4020,
    message: "'{0}' may be read before it has a value",
    help: 'give it one where it is declared, or on every path to here',
  },
  cannotCall: {
    code: 4004,
    message: '{0} cannot be called in a kernel program',
    help: 'call functions, helpers, map methods, ctx.at, casts such as u8(x), Math.min and max',
  },
  missingArgument: {
    code: 4005,
    message: "argument '{0}' is missing",
    help: 'give every argument',
  },
  subprogramParameter: {
    code: 4006,
    message: "parameter '{0}' of a subprogram is {1}",
    help: 'a subprogram takes the context, integers, structs and what is known when compiling',
  },
  subprogramParameters: {
    code: 4007,
    message: "subprogram '{0}' takes {1} parameters, the kernel allows 5",
    help: 'pass a struct through a map, or let the function be inlined',
  },
  subprogramReturn: {
    code: 4008,
    message: "subprogram '{0}' must return an integer, a boolean or nothing",
    help: 'let it fill a struct that it is given, or be inlined: remove @subprogram',
  },
  unrollTooLong: {
    code: 4009,
    message: 'this loop over {0} known elements would be unrolled',
    help: 'at most 64 elements are; make a longer one a constantTable and count through it',
  },
  breakOutside: {
    code: 4010,
    message: '{0} outside a loop',
    help: 'use return',
  },
  loopEnds: {
    code: 4012,
    message: "'{0}' returns nothing where the kernel ends a loop that turns too often",
    help: 'write a return after the loop, also after while (true)',
  },
  traceFormat: {
    code: 4013,
    message: 'the format of trace names {0} values, found {1}',
    help: 'at most 95 bytes, with %d, %u, %x (%lld for 64 bits) for each of up to three integers',
  },
  callInLock: {
    code: 4014,
    message: "'{0}' is not possible while a lock is held",
    help: 'do it before withLock or after it, and only read and write memory inside',
  },
  lockMissing: {
    code: 4015,
    message: "'{0}' has no lock that could be taken",
    help: 'declare a field lock: SpinLock in the value of the map, and look the entry up',
  },
  globalParameter: {
    code: 4016,
    message: "parameter '{0}' of a global function is {1}",
    help: 'it is verified for itself and takes the context and integers: use @subprogram instead',
  },
  timerMissing: {
    code: 4017,
    message: "this is no entry with a timer of map '{0}'",
    help: 'declare a field timer: Timer in its value, and give an entry that was looked up in it',
  },
  tooManyTurns: {
    code: 4018,
    message: 'this loop turns {0} times, and the kernel ends it after {1}',
    help: 'divide the work: into several loops, several runs, or turns of a timer',
  },
  endlessLoop: {
    code: 4019,
    message: 'nothing ends this loop but the kernel, after {0} turns or a quarter of a second',
    help: 'end it with a condition, break or return, or count its turns with for',
  },
  notExported: {
    code: 5001,
    message: "'{0}' must be exported from {1} to be used in a kernel program",
    help: 'kernel programs see the live values of a module: write `export` before its declaration',
  },
  moduleState: {
    code: 5002,
    message: "'{0}' is a variable of the module: kernel programs cannot share it",
    help: 'declare it with variables({ ... }), keep it in a map, or make it const',
  },
  globalName: {
    code: 5003,
    message: "'{0}' does not exist in the kernel",
    help: 'use what @skep/ebpf has, such as randomU32 and jiffies; report to node by a ring buffer',
  },
  contextParameter: {
    code: 5004,
    message: "the first parameter of a program must be a context, found '{0}'",
    help: 'write function name(ctx: XdpContext): XdpAction, or with another context of @skep/ebpf',
  },
  programName: {
    code: 5005,
    message: "two programs are named '{0}'",
    help: 'the kernel keeps 15 characters: give one of them a JSDoc tag @program name',
  },
  moduleFailure: {
    code: 5006,
    message: 'module {0} could not be run: {1}',
    help: 'build the package first (npm run build), or correct the error',
  },
  invalidProgramName: {
    code: 5007,
    message: "program name '{0}': expected 1 to 15 of A-Z a-z 0-9 _",
    help: 'give it a JSDoc tag @program name',
  },
  missingHelper: {
    code: 5009,
    message: "helper '{0}' is not available in a program of kind {1}",
    help: 'the kernel has it in: {2}',
  },
  wrongResult: {
    code: 5010,
    message: 'a program with a {0} returns {1}, found {2}',
    help: 'declare the result of its kind: the verifier accepts no other numbers',
  },
  programParameters: {
    code: 5012,
    message: 'a program has one parameter, its context: found {0} of them',
    help: 'read the others from a map or variables; if it is no program, do not export it',
  },
  mapName: {
    code: 5013,
    message: "two maps of this program are named '{0}'",
    help: 'give one of them another name: a program and its loader know maps by their names',
  },
  noPacket: {
    code: 5011,
    message: "a {0} has no '{1}'",
    help: '{2}',
  },
  mapValue: {
    code: 5008,
    message: '{0}',
    help: 'see packages/ebpf/src/maps/ for the methods of each kind of map',
  },
} as const satisfies Record<string, DiagnosticEntry>;

/** The name of an entry. */
export type DiagnosticName = keyof typeof diagnosticTable;
