/**
 * Colours, for people only: where standard output is a terminal, and as NO_COLOR and FORCE_COLOR
 * ask.
 */
import picocolors from 'picocolors';

const { NO_COLOR, FORCE_COLOR } = process.env;

/** Asked of the terminal alone: a CI that shows colours is no reason to write them into files. */
const isColoured = !NO_COLOR && (Boolean(FORCE_COLOR) || process.stdout.isTTY === true);

/** Paints text, or leaves it as it is. */
export const pc = picocolors.createColors(isColoured);
