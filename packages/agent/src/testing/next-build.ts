/**
 * For the upgrade tests: this project as a later version of it, whose tables have another layout.
 * It is made of what is built here, changed where a later version would be, and its kernel programs
 * are really compiled anew.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../../../..', import.meta.url));
const LAYOUTS = 'packages/datapath/dist/layouts';
const CHANGED = ['contract', 'datapath', 'agent'];

/** What is changed: a module in its source, which becomes kernel programs, and as it was built. */
const CHANGES: readonly [module: string, have: RegExp, want: string][] = [
  // Every field of a connection moves.
  ['contract/connection', /forwardPackets: u64,/, 'firstSeen: u32, forwardPackets: u64,'],
  // The same of a masqueraded flow.
  ['contract/masquerade', /class Translation extends Struct\(\{/, '$&\n  generation: u32,'],
  // A table of another kind, and one more.
  ['datapath/maps', /fragments = new LruHashMap/, 'fragments = new HashMap'],
  [
    'datapath/maps',
    /export const datapathMaps/,
    "export const extra = new ArrayMap({ name: 'skep_extra', value: u32, maxEntries: 4 });\n" +
      'export const datapathMaps',
  ],
  ['datapath/maps', /lostEvents,\s+former,/, 'lostEvents, extra, former,'],
];

const MIGRATION = `{
  from: LAYOUT - 1,
  maps: {
    skep_new: (entry) => {
      const connection = { ...entry.value.connection, firstSeen: 7 };
      return { ...entry, value: { ...entry.value, connection } };
    },
    skep_conn: (entry) => ({ ...entry, value: { ...entry.value, firstSeen: 7 } }),
    skep_frag: (entry) => entry,
  },
},`;

const MASQUERADE_MIGRATION = `{
  from: MASQUERADE_LAYOUT - 1,
  maps: {
    skep_nat: (entry) => ({ ...entry, value: { ...entry.value, generation: 7 } }),
    skep_nat_new: (entry) => ({ ...entry, value: { ...entry.value, generation: 7 } }),
  },
},`;

/**
 * Makes it in an empty folder.
 *
 * @returns the path of its daemon, as `daemon-main.ts` of this one
 */
export function makeNextBuild(folder: string): string {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@skep'), { recursive: true });
  const own = join(PROJECT, 'node_modules');
  for (const name of readdirSync(own).filter((each) => each !== '@skep' && each[0] !== '.')) {
    symlinkSync(join(own, name), join(modules, name));
  }
  for (const name of readdirSync(join(own, '@skep'))) {
    const isChanged = CHANGED.includes(name);
    const place = join(isChanged ? folder : PROJECT, 'packages', name);
    if (isChanged) copyPackage(name, place);
    symlinkSync(place, join(modules, '@skep', name));
  }
  for (const [module, have, want] of CHANGES) {
    const [name, file] = module.split('/') as [string, string];
    for (const path of [`src/${file}.ts`, `dist/${file}.js`]) {
      change(join(folder, 'packages', name, path), have, want);
    }
  }
  const layouts = join(folder, LAYOUTS);
  change(join(layouts, 'layout.js'), / LAYOUT = (\d+)/, ' LAYOUT = 1 + $1');
  change(join(layouts, 'layout.js'), /MASQUERADE_LAYOUT = (\d+)/, 'MASQUERADE_LAYOUT = 1 + $1');
  const steps = join(layouts, 'migrations.js');
  change(steps, /^/, "import { LAYOUT, MASQUERADE_LAYOUT } from './layout.js';\n");
  change(steps, / migrations = \[/, ` migrations = [${MIGRATION}`);
  change(steps, /masqueradeMigrations = \[/, `masqueradeMigrations = [${MASQUERADE_MIGRATION}`);
  execFileSync(process.execPath, [join(folder, 'packages/datapath/dist/build.js')]);
  return join(folder, 'packages/agent/dist/testing/daemon-main.js');
}

/** As if somebody had forgotten to say what becomes of the entries. */
export function forgetMigration(folder: string): void {
  change(join(folder, LAYOUTS, 'migrations.js'), /from: LAYOUT - 1/, 'from: -1');
}

/** The same of the entries of masquerade. */
export function forgetMasqueradeMigration(folder: string): void {
  change(join(folder, LAYOUTS, 'migrations.js'), /from: MASQUERADE_LAYOUT - 1/, 'from: -1');
}

function copyPackage(name: string, place: string): void {
  for (const part of ['package.json', 'src', 'dist', 'layouts', 'tsconfig.json']) {
    const source = join(PROJECT, 'packages', name, part);
    if (existsSync(source)) cpSync(source, join(place, part), { recursive: true });
  }
}

function change(file: string, have: RegExp, want: string): void {
  const text = readFileSync(file, 'utf8');
  assert.match(text, have, file);
  writeFileSync(file, text.replace(have, want));
}
