/** Ends the command with one line. */
export function fail(message) {
  console.error(`skep: ${message}`);
  process.exit(1);
}
