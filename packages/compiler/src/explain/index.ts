/** A module's source, IR and bytecode side by side, once or after each change. */
export { explain, type Explanation, type ExplainOptions } from './explain.ts';
export { watchFile } from './watch.ts';
