export const LIMIT = limitOf('small');

function limitOf(name: string): number {
  throw new Error(`no limit named ${name}`);
}
