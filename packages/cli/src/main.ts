#!/usr/bin/env node
/** skep, the command line. */
import { run } from './program.ts';

// Nobody reads any more (`skep observe | head`): the same as Ctrl-C, so labs are taken away.
process.stdout.on('error', () => process.kill(process.pid, 'SIGINT'));
// Whoever has started it and waits for it was killed, as `npm start` may be: the same.
process.on('disconnect', () => process.kill(process.pid, 'SIGINT'));
process.channel?.unref();
process.exitCode = await run(process.argv.slice(2));
