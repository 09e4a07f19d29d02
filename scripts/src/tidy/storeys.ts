/** The house: which part may import which, and who may open which door. */
import type { Finding } from './finding.ts';
import type { Source } from './source.ts';

/** The storey of each package, from the ground. What is not here may use all (bench, examples). */
export const storeys: Readonly<Record<string, number>> = {
  ebpf: 1,
  wire: 1,
  contract: 1,
  bytecode: 1,
  policy: 1,
  sys: 2,
  bpf: 2,
  netlink: 2,
  compiler: 3,
  'capture-filter': 3,
  datapath: 3,
  agent: 4,
  cni: 4,
  lab: 5,
  cli: 5,
};

/** Storey 2 makes system calls. What compiles and describes packets works without it, anywhere. */
const kernelStorey = 2;
const pureStoreys = [1, 3];

/** Libraries that only these parts may import. */
const doors: Readonly<Record<string, readonly string[]>> = {
  koffi: ['packages/sys'],
  '@typescript/typescript6': ['packages/compiler', 'scripts'],
};

/** Libraries of the root that any part's tests may import. */
const testLibraries = ['fast-check'];

/** A part as its own files describe it. */
export interface PartFacts {
  /** `packages/wire`. */
  readonly path: string;
  /** Short names of the packages that tsconfig.json refers to. */
  readonly references: readonly string[];
  /** The dependencies of package.json; `undefined` where the part has none and uses the root's. */
  readonly dependencies: readonly string[] | undefined;
  /** Its devDependencies: only its tests may import them, from any storey below. */
  readonly testDependencies: readonly string[];
  readonly sources: readonly Source[];
  /** The paths of its sources that are there for more than tests. */
  readonly product: ReadonlySet<string>;
}

/** Edges that are undeclared, unused, upwards, or through a door that is another's. */
export function checkStoreys(part: PartFacts): Finding[] {
  return [...declarations(part), ...directions(part), ...importFindings(part), ...unused(part)];
}

/** tsconfig.json and package.json must name the same packages. */
function declarations({ path, references, dependencies, testDependencies }: PartFacts): Finding[] {
  if (!dependencies) return [];
  const declared = ours([...dependencies, ...testDependencies]);
  const report = (name: string, where: string, missingIn: string): Finding => ({
    file: `${path}/${missingIn}`,
    line: 0,
    rule: 'package-edge',
    found: `${name} only in ${where}`,
    expected: 'the same packages in both',
  });
  const extra = references.filter((name) => !declared.includes(name));
  const missing = declared.filter((name) => !references.includes(name));
  return [
    ...extra.map((name) => report(name, 'tsconfig.json', 'package.json')),
    ...missing.map((name) => report(name, 'package.json', 'tsconfig.json')),
  ];
}

function directions({ path, references, testDependencies }: PartFacts): Finding[] {
  const own = storeys[nameOf(path)];
  if (own === undefined) return [];
  const forTests = ours(testDependencies);
  const wrong = references.filter((name) => {
    return !mayImport(own, storeys[name], forTests.includes(name));
  });
  return wrong.map((name) => ({
    file: `${path}/tsconfig.json`,
    line: 0,
    rule: 'storey',
    found: `${path} (storey ${own}) using ${name} (storey ${storeys[name] ?? 'none'})`,
    expected: pureStoreys.includes(own) ? 'storeys 1 and 3, downwards' : 'only downwards',
  }));
}

function mayImport(own: number, other: number | undefined, isForTests: boolean): boolean {
  if (other === undefined || other > own) return false;
  return isForTests || !pureStoreys.includes(own) || other !== kernelStorey;
}

function importFindings(part: PartFacts): Finding[] {
  return part.sources.flatMap((source) =>
    source.imports.flatMap(({ from, line }) => {
      const name = packageOf(from);
      if (name === undefined) return [];
      const expected = refusal(name, part, part.product.has(source.path));
      if (expected === undefined) return [];
      return [{ file: source.path, line, rule: 'import', found: `import of ${name}`, expected }];
    }),
  );
}

/** Why a file of this part may not import that package; `undefined` where it may. */
function refusal(name: string, part: PartFacts, isProduct: boolean): string | undefined {
  const { path, references, dependencies, testDependencies } = part;
  const keepers = doors[name];
  if (keepers) return keepers.includes(path) ? undefined : `it only in ${keepers.join(' and ')}`;
  if (testDependencies.includes(name)) {
    return isProduct ? `it only in tests (devDependencies of ${path}/package.json)` : undefined;
  }
  const [own] = ours([name]);
  if (own !== undefined) {
    const isKnown = references.includes(own) || own === nameOf(path);
    return isKnown ? undefined : `it among the references of ${path}/tsconfig.json`;
  }
  if (!dependencies || dependencies.includes(name) || testLibraries.includes(name))
    return undefined;
  return `it among the dependencies of ${path}/package.json`;
}

/** Dependencies that no file imports. */
function unused({ path, dependencies, testDependencies, sources }: PartFacts): Finding[] {
  if (!dependencies) return [];
  const names = sources.flatMap((source) => source.imports.map((one) => packageOf(one.from)));
  const used = new Set(names);
  const idle = [...dependencies, ...testDependencies].filter((name) => !used.has(name));
  return idle.map((name) => ({
    file: `${path}/package.json`,
    line: 0,
    rule: 'unused-dependency',
    found: `${name}, imported by no file`,
    expected: 'only what is used (remove it from tsconfig.json too)',
  }));
}

/** `@skep/wire` and `node_modules` names; `undefined` for relative files and Node's own modules. */
function packageOf(from: string): string | undefined {
  if (from.startsWith('.') || from.startsWith('node:')) return undefined;
  return from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
}

function ours(names: readonly string[]): string[] {
  return names
    .filter((name) => name.startsWith('@skep/'))
    .map((name) => name.slice('@skep/'.length));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
