/** `skep filter explain`: what becomes of a capture filter, and of a classic program. */
import { readFileSync } from 'node:fs';
import { formatProgram } from '@skep/bytecode';
import {
  compileFilter,
  type Filter,
  type FilterHook,
  formatClassic,
  matchingProgram,
  parseClassic,
  printCondition,
  printFilter,
} from '@skep/capture-filter';
import { compileProgram, copyProgram, optimise, printProgram } from '@skep/compiler';
import { type Command, Option } from 'commander';
import { CommandError, printJson } from '../output.ts';

/** What both kinds of filter are explained with. */
interface ExplainOptions {
  readonly hook: FilterHook;
  readonly classic?: boolean;
  readonly json?: boolean;
}

/** The parts of an explanation, in the order in which one is made of the other. */
interface Explanation {
  readonly filter?: string;
  /** The filter with all that was left out written down. */
  readonly parsed?: string;
  /** What is asked of the packet's bytes. */
  readonly condition?: string;
  /** The classic program, as tcpdump -d lists it. */
  readonly classic?: string;
  readonly ir: string;
  readonly bytecode: string;
  readonly instructions: number;
}

/** Adds `skep filter` and what is below it. */
export function addFilterCommands(program: Command): void {
  const filter = program.command('filter').description("capture filters, in tcpdump's language");
  filter
    .command('explain')
    .description('show what a filter says, what it asks of the bytes, and the program it becomes')
    .argument('[expression...]', 'the filter, as tcpdump takes it')
    .option('--classic', 'read a classic program from standard input, as tcpdump -ddd prints it')
    .addOption(
      new Option('--hook <hook>', 'where the program would run')
        .choices(['xdp', 'tc', 'socket'])
        .default('tc'),
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      "\nExamples:\n  skep filter explain 'tcp port 80 or 443'" +
        "\n  tcpdump -y EN10MB -ddd 'tcp port 80' | skep filter explain --classic",
    )
    .action(explain);
}

function explain(words: readonly string[], options: ExplainOptions): void {
  if (options.classic && words.length > 0) {
    throw new CommandError(
      `filter explain --classic: found the expression '${words.join(' ')}', ` +
        'expected a program on standard input only (leave out one of them)',
    );
  }
  const explanation = options.classic
    ? explainClassic(options.hook)
    : explainFilter(words.join(' '), options.hook);
  if (options.json) printJson(explanation);
  else process.stdout.write(layOut(explanation));
}

function explainFilter(text: string, hook: FilterHook): Explanation {
  const filter = compileFilter(text);
  const parsed = printFilter(filter.syntax) || 'every packet';
  const condition = printCondition(filter.condition);
  return { filter: text, parsed, condition, ...programOf(filter, hook) };
}

function explainClassic(hook: FilterHook): Explanation {
  const program = parseClassic(readFileSync(process.stdin.fd, 'utf8'));
  return { classic: formatClassic(program), ...programOf(program, hook) };
}

function programOf(
  matcher: Filter | ReturnType<typeof parseClassic>,
  hook: FilterHook,
): Pick<Explanation, 'ir' | 'bytecode' | 'instructions'> {
  const program = matchingProgram(matcher, { hook, name: 'filter', onMatch: 1, onMiss: 0 });
  const optimised = copyProgram(program);
  for (const made of optimised.functions) optimise(made);
  const object = compileProgram(program);
  const instructions = object.code.length / 8;
  return { ir: printProgram(optimised), bytecode: formatProgram(object), instructions };
}

function layOut(explanation: Explanation): string {
  const { parsed, condition, classic, ir, bytecode, instructions } = explanation;
  const parts: (readonly [string, string | undefined])[] = [
    ['says', parsed],
    ['asks', condition],
    ['classic', classic],
    ['IR', ir],
    [`bytecode, ${instructions} instructions`, bytecode],
  ];
  return parts
    .flatMap(([title, text]) => (text === undefined ? [] : [`${title}:\n${indent(text)}\n`]))
    .join('\n');
}

function indent(text: string): string {
  return text.trimEnd().replace(/^(?=.)/gm, '  ');
}
