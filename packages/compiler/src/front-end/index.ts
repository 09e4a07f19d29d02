/**
 * The front end's door. It is apart from the package's own, because it brings the TypeScript
 * compiler with it, which no node needs.
 */
export { type CompiledModule, type CompileOptions, compileModule } from './compile.ts';
export {
  type Diagnostic,
  type FormatOptions,
  formatDiagnostics,
} from '../diagnostics/report.ts';
