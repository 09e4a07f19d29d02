/** Random loops of every form that the compiler has: unrolled, walked, and left to the kernel. */
import type { StatementMaker } from './makers.ts';
import { placeTerm } from './places.ts';
import type { Run } from './run-state.ts';
import { bodyLines, runAll, type Step, turn } from './step.ts';
import { PORTS } from './world.ts';

/** `null` where loops are deep enough. */
export function makeLoop(maker: StatementMaker, depth: number): Step | null {
  const { random, scope } = maker;
  if (scope.labels.length >= 2) return null;
  const forms = [counted, counted, whileLoop, doLoop, listed];
  return random.pick(forms)(maker, depth);
}

/** The body's maker: breaks and tail calls as a loop allows. */
function insideLoop(maker: StatementMaker, label: string): StatementMaker {
  const { scope } = maker;
  const depthMax = scope.depthMax > 1 ? 1 : 0;
  return maker.inner({ labels: [...scope.labels, label], canTailCall: false, depthMax });
}

interface Parts {
  readonly maker: StatementMaker;
  readonly label: string;
  readonly head: string;
  readonly body: Step[];
  readonly tail?: string;
  readonly run: Step['run'];
}

function loopStep({ maker, label, head, body, tail = '}', run }: Parts): Step {
  const name = (): string => (maker.usedLabels.has(label) ? `${label}: ` : '');
  const lines = (): string[] => [`${name()}${head} {`, ...bodyLines(body), tail];
  return { lines, run, blocks: [body] };
}

/** `for (let i: u32 = 0; i < count; i++)`; a long one keeps little in its body. */
function counted(maker: StatementMaker, depth: number): Step {
  const { random, names, scope } = maker;
  const isNested = scope.labels.length > 0;
  const count = isNested ? 1 + random.below(3) : random.pick([2, 2, 3, 3, 5, 16, 17, 65, 300]);
  const [label, counter] = [names.next('l'), names.next('i')];
  const step = random.oneIn(3) ? 1 + random.below(3) : 1;
  const isDown = random.oneIn(4);
  const inside = insideLoop(maker, label);
  inside.scope.integers.push({ name: counter, type: 'u32', role: 'counter' });
  const body = inside.block(
    count > 5 ? 1 : 1 + random.below(2),
    count > 5 ? 0 : Math.min(depth - 1, 1),
  );
  const last = isDown && random.oneIn(2) ? 0 : 1;
  const first = last + count - 1;
  const goesOn = last === 0 ? '>= 0' : '> 0';
  const head = isDown
    ? `for (let ${counter}: u32 = ${first}; ${counter} ${goesOn}; ${counter}--)`
    : `for (let ${counter}: u32 = 0; ${counter} < ${count}; ${
        step === 1 ? `${counter}++` : `${counter} += ${step}`
      })`;
  const run = (run: Run): void => {
    for (let at = 0; at < count; at += isDown ? 1 : step) {
      run.integers.set(counter, BigInt(isDown ? first - at : at));
      if (!turn(run, label, () => runAll(body, run))) return;
    }
  };
  return loopStep({ maker, label, head, body, run });
}

/** `while (left !== 0) { left = left >>> n; ... }`. */
function whileLoop(maker: StatementMaker): Step {
  const { random, names, scope, terms } = maker;
  const [label, name] = [names.next('l'), names.next('w')];
  const type = random.pick(['u32', 'u64'] as const);
  const bits = scope.labels.length > 0 ? 8 : random.pick([1, 3, 8]);
  const start = terms.computed(type, 2);
  const inside = insideLoop(maker, label);
  inside.scope.integers.push({ name, type, role: 'fixed' });
  const body = inside.block(1 + random.below(2), 0);
  const head = `while (${name} !== 0)`;
  const shift = `  ${name} >>>= ${bits};`;
  const loop = loopStep({
    maker,
    label,
    head,
    body,
    run: (run) => {
      run.integers.set(name, start.value(run));
      while (run.integers.get(name) !== 0n) {
        run.integers.set(name, run.integers.get(name)! >> BigInt(bits));
        if (!turn(run, label, () => runAll(body, run))) return;
      }
    },
  });
  const lines = (): string[] => {
    const [first, ...rest] = loop.lines();
    return [`let ${name}: ${type} = ${start.text};`, first!, shift, ...rest];
  };
  return { ...loop, lines };
}

/** `do { n++; ... } while (n < count)`. */
function doLoop(maker: StatementMaker): Step {
  const { random, names, scope } = maker;
  const [label, name] = [names.next('l'), names.next('n')];
  const count = scope.labels.length > 0 ? 3 : random.pick([2, 3, 3, 18]);
  const inside = insideLoop(maker, label);
  inside.scope.integers.push({ name, type: 'u32', role: 'counter' });
  const body = inside.block(1, 0);
  const loop = loopStep({
    maker,
    label,
    head: 'do',
    body,
    tail: `} while (${name} < ${count});`,
    run: (run) => {
      let at = 0;
      do {
        at++;
        run.integers.set(name, BigInt(at));
        if (!turn(run, label, () => runAll(body, run))) return;
      } while (at < count);
    },
  });
  const lines = (): string[] => {
    const [first, ...rest] = loop.lines();
    return [`let ${name}: u32 = 0;`, first!, `  ${name}++;`, ...rest];
  };
  return { ...loop, lines };
}

/** `for (const each of ...)`: over numbers known when compiling, or an array in memory. */
function listed(maker: StatementMaker, depth: number): Step | null {
  const { random, names, scope } = maker;
  const [label, name] = [names.next('l'), names.next('e')];
  const inside = insideLoop(maker, label);
  const arrays = scope.objects.filter(({ layout }) => {
    return layout.fields.some((each) => each.name === 'tags');
  });
  if (arrays.length === 0 || random.oneIn(2)) {
    inside.scope.integers.push({ name, type: 'u32', role: 'counter' });
    const body = inside.block(1, Math.min(depth - 1, 1));
    const head = `for (const ${name} of PORTS)`;
    const run = (run: Run): void => {
      for (const port of PORTS) {
        run.integers.set(name, BigInt(port));
        if (!turn(run, label, () => runAll(body, run))) return;
      }
    };
    return loopStep({ maker, label, head, body, run });
  }
  const object = random.pick(arrays);
  const tags = object.layout.fields.find((each) => each.name === 'tags')!;
  inside.scope.integers.push({ name, type: 'u32', role: 'fixed' });
  const body = inside.block(1, Math.min(depth - 1, 1));
  const elements = [0, 1, 2, 3].map((index) => {
    const locate = (run: Run) => {
      return { bytes: run.objects.get(object.text)!, offset: tags.offset + 2 * index };
    };
    const field = { type: 'u16', size: 2, isSigned: false, isBigEndian: false };
    return placeTerm({ text: '', field: field as never, locate })!;
  });
  const head = `for (const ${name} of ${object.text}.tags)`;
  const run = (run: Run): void => {
    for (const element of elements) {
      run.integers.set(name, element.value(run));
      if (!turn(run, label, () => runAll(body, run))) return;
    }
  };
  return loopStep({ maker, label, head, body, run });
}
