/** In the guest: runs the tests that are named, as `npm test` does, on what is already built. */
import { test } from '../test-run.ts';

process.exitCode = await test(process.argv.slice(2));
