/** The agent's log: one line for each occurrence, JSON for collectors, text for people. */
import { pino } from 'pino';
import type { Occurrence, Tell } from './occurrence.ts';

/** How the lines look. */
export type LogFormat = 'json' | 'text';

/** What is logged, and how. */
export interface LogOptions {
  /** Least level that is logged. Default: `info`. */
  readonly level?: string;
  /** Default: `text` where standard error is a terminal, else `json`. */
  readonly format?: LogFormat;
}

/** Where lines go: standard error, written at once, so that none is lost with the process. */
interface Stream {
  write(line: string): void;
}

const LEVELS: Readonly<Partial<Record<Occurrence['kind'], 'warn' | 'debug'>>> = {
  problem: 'warn',
  'request answered': 'debug',
  'rules compiled': 'debug',
  'program loaded': 'debug',
};

/** Writes what it is told, of `info` where nothing else is said above. */
export function openLog(options: LogOptions, stream: Stream = standardError()): Tell {
  const isText = (options.format ?? (process.stderr.isTTY ? 'text' : 'json')) === 'text';
  const destination = isText ? { write: (line: string) => stream.write(textOf(line)) } : stream;
  const log = pino(
    {
      level: options.level ?? 'info',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      base: { name: 'skep-agent' },
    },
    destination,
  );
  return (occurrence) => {
    const { kind, ...facts } = occurrence;
    log[LEVELS[kind] ?? 'info'](rounded(facts), kind);
  };
}

function standardError(): Stream {
  return pino.destination({ fd: 2, sync: true });
}

/** Microseconds are enough. */
function rounded(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { milliseconds } = facts;
  if (typeof milliseconds !== 'number') return facts;
  return { ...facts, milliseconds: Math.round(milliseconds * 1000) / 1000 };
}

/** `2026-01-01T00:00:00.000Z info  endpoint added endpoint=shop/api id=3`. */
function textOf(line: string): string {
  const { time, level, msg, name: _, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const pairs = Object.entries(facts).map(([key, value]) => `${key}=${valueText(value)}`);
  return `${[time, String(level).padEnd(5), msg, ...pairs].join(' ')}\n`;
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[\s"=]/.test(text) && typeof value === 'string' ? JSON.stringify(text) : text;
}
