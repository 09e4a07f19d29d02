/** For the tests of packages above: CNI plugins, called as runtimes call them. */
export * from './runtime.ts';
