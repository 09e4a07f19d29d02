// tidy: table: why each error is one
/** Why the compiler refuses what an entry of the table is about, for its page. */
import type { DiagnosticName } from './table.ts';

const noExceptions =
  'A kernel program has no stack that could be unwound: the kernel proves before it ' +
  'runs that every instruction leads to a normal end.';
const noHeap =
  'There is no heap and no garbage collector in the kernel: what a program makes lies ' +
  'in registers, on 512 bytes of stack, or in maps.';
const subset =
  'The language is the part of TypeScript that has one plain meaning in bytecode. What ' +
  'is left out would need memory or calls that the kernel does not have.';
const widths =
  'Values have a fixed width, as registers and memory have, and the kernel has no ' +
  'floating point.';
const bounded =
  'The kernel proves that every access stays inside its object; it believes a constant, ' +
  'a mask, or a comparison on the way, and nothing else.';
const separate = 'The kernel passes up to five registers to a function, and gets one back.';
const live =
  'The module is run by JavaScript when it is compiled: structs, maps and constants are ' +
  'taken from its exports as live objects.';

/** By entry. */
export const diagnosticReasons: Readonly<Record<DiagnosticName, string>> = {
  tryStatement: noExceptions,
  throwStatement: noExceptions,
  closure:
    `${noHeap} A function made inside would have to live somewhere, with what it has ` +
    'captured.',
  generator: `${noHeap} A generator would have to keep its state between two calls.`,
  asyncFunction:
    'A program runs to its end without a break, in the middle of the path of a packet: ' +
    'there is nothing that it could wait for.',
  destructuring: subset,
  templateString: `${noHeap} Text that is put together when the program runs has no place there.`,
  spread: subset,
  optionalChain:
    'Without a value for the other case, the result would be either a number or ' +
    'undefined, which no register can tell apart.',
  forIn: subset,
  classInside: live,
  label: 'A jump leads out of a loop around it, or to its next turn.',
  statement: subset,
  expression: subset,
  operator: subset,
  notAnInteger: widths,
  outOfRange: `${widths} A constant that does not fit would lose bits without a word.`,
  notAValue:
    'Text, functions, classes and plain objects exist while the program is compiled. When ' +
    'it runs there are integers, booleans, and structs in memory.',
  expectedInteger: 'Only integers and booleans can be added, compared and stored in a register.',
  shiftTooFar:
    'The processor takes the amount of a shift modulo the width: such a shift would not ' +
    'give zero, as one may expect, but shift by less.',
  compareNegative: 'The comparison would have one outcome always: a sign was lost on the way.',
  mixedSigns:
    'Division, remainder and order differ between signed and unsigned, and no type of 64 ' +
    'bits holds the values of both.',
  mergedValues:
    'Where two paths meet, a value has one width and one layout, whichever path it came by.',
  unknownType: `${widths} The type says neither how many bytes there are nor what they mean.`,
  mustBeKnown:
    'The code depends on it: which header is read, what is unrolled, what is called. A ' +
    'value that comes only when the program runs is too late.',
  comparePointers:
    'The kernel does not let programs compare addresses with each other, and comparing ' +
    'contents is a matter of many bytes.',
  hostFailure:
    'Functions tagged @compileTime, and those that are given text, are run by JavaScript ' +
    'while the program is compiled. This one threw.',
  beyondExact:
    'JavaScript rounds a number beyond 2^53 to one that has 53 significant bits, before the ' +
    'compiler sees it: the program would work with another number than the one that is written.',
  indexOutOfRange: bounded,
  indexUnbounded: bounded,
  atomicOperator:
    'An atomic field is changed by one locked instruction, which adds and gives nothing ' +
    'back. A read and a later write would lose what other CPUs add in between.',
  atomicField:
    'It is one locked instruction on 4 or 8 bytes in memory. Those who declare the field so say ' +
    'that others change it at the same time, and all who read it know.',
  movedPacket:
    'Helpers that grow, shrink or pull the packet may move it elsewhere in memory. The ' +
    'kernel forgets all pointers into it, and would say only "invalid mem access scalar".',
  missingNullCheck:
    'A lookup may find nothing and a packet may be too short. The kernel refuses a ' +
    'program that reads without having asked.',
  notAssignable: 'The name or expression stands for a value, not for a place that can be written.',
  unknownField: 'A struct has the fields of its declaration, at fixed offsets, and no others.',
  wrongStruct:
    'Structs are told apart by their class, because two that look alike today may mean ' +
    'different things.',
  contextReadOnly: 'The kernel decides for each field of a context whether programs may write it.',
  literalWithoutStruct:
    'Bytes in memory need a layout: the order, width and padding that the class of a ' +
    'struct gives.',
  arrayLength: 'An array has as many elements as its declaration says, and each must be written.',
  stackTooSmall:
    'All functions on one path of calls share 512 bytes of stack. Larger records live in ' +
    'a map; a per-CPU array is scratch memory that nobody else uses at the same time.',
  unionMembers:
    'The members of a union lie in the same bytes: the second would overwrite the first.',
  helperBytes:
    'The helper would read or write what lies behind: something else on the stack, or nothing ' +
    'that belongs to the program, which the kernel says as "invalid access to stack".',
  kernelWords:
    'The kernel keeps in them who holds the lock, or where its timer is. It refuses whoever else ' +
    'reads or writes there.',
  recordGone:
    'A record that is submitted may be read by node at once, and one that is discarded may be ' +
    'the next to be reserved. The kernel forgets the pointer, and would say only "invalid mem ' +
    'access scalar".',
  recursion: 'The stack is small and the kernel must know its depth: functions cannot come around.',
  missingReturn:
    'The kernel refuses a program of which one path ends without a result. A switch over ' +
    'all members of an enum may still meet a number that is none of them.',
  unassigned:
    'A variable is a register: what is in it before the program writes it is what the kernel ' +
    'left there, and its verifier lets nobody read that.',
  cannotCall:
    'A program can call its own functions, helpers and functions of the kernel. Nothing ' +
    'of the JavaScript runtime exists where it runs.',
  missingArgument: 'There is no undefined when the program runs: each parameter needs a value.',
  subprogramParameter: separate,
  subprogramParameters: separate,
  subprogramReturn: separate,
  unrollTooLong:
    'A loop over elements that are known when compiling becomes one copy of its body for ' +
    'each. Many copies make a large program.',
  breakOutside: 'Only a loop or a switch can be left in the middle; a function is left by return.',
  loopEnds:
    'A loop without a visible bound is ended by the kernel: after 8,388,608 turns, or, where ' +
    'Linux 6.15 or newer has may_goto, after a quarter of a second, however many turns that ' +
    'are. What follows it then runs, although tsc thinks that it cannot be reached.',
  traceFormat:
    'The kernel prints up to three integers, by a format that is fixed when the program ' +
    'is compiled.',
  callInLock:
    'While a lock is held no other CPU gets on that wants it, and the kernel allows reads ' +
    'and writes of memory only: no calls, and no loop that would be one.',
  lockMissing:
    'The kernel finds a lock by its type in the value of a map, and lets only an entry be ' +
    'locked that was looked up there.',
  globalParameter:
    'A global function is verified once, before the programs that call it, for every ' +
    'value of its parameters. A pointer would mean as little there as a number.',
  timerMissing:
    'The kernel finds a timer by its type in the value of a map; the callback is made for ' +
    'the entries of that map.',
  tooManyTurns:
    'The kernel counts the turns of a loop and leaves it when there are too many: it ' +
    'would end early, without a word.',
  endlessLoop:
    'The kernel leaves such a loop in the end: after 8,388,608 turns, or, from Linux 6.15, after ' +
    'a quarter of a second. What follows it would run then, for every packet.',
  notExported: live,
  moduleState:
    'A variable of the module lives in the process that compiled it. The kernel has no ' +
    'way to it.',
  globalName: 'Nothing of the JavaScript runtime exists where the program runs.',
  contextParameter:
    'The kernel calls a program with one argument, its context, and the type of the ' +
    'context says what kind of program it is.',
  programName:
    'The kernel shows programs by a name of at most 15 characters, cut where it is longer.',
  moduleFailure: live,
  invalidProgramName: 'The kernel takes letters, digits and underscores, and at most 15 of them.',
  missingHelper:
    'Each kind of program has the helpers that make sense where it runs; the verifier ' +
    'refuses all others.',
  wrongResult:
    'What a program returns means something else for each kind, and the verifier refuses ' +
    'numbers that mean nothing.',
  programParameters:
    'The kernel calls a program with one argument, its context. An exported function that has ' +
    'more, and that nothing in its module calls, would never run.',
  mapName:
    'A loaded program finds its maps by their names. Two of one name would become one map, with ' +
    'the entries of both.',
  noPacket: 'Not every context has the bytes of a packet, or all of them.',
  mapValue: 'Each kind of map has the operations that the kernel has for it, and no others.',
};
