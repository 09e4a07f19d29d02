/**
 * A virtual machine that sees the host's files, boots once and runs commands one after another.
 *
 * It cannot outlive this process: the guest switches itself off when the port closes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import {
  type GuestCommand,
  type GuestMessage,
  type HostMessage,
  messageLine,
  messageReader,
} from './guest-protocol.ts';
import { initialArchive, type KernelImage } from './kernel-image.ts';
import { machineArguments } from './machine-arguments.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { findTool } from './tool.ts';

const GUEST_MAIN = join(import.meta.dirname, 'guest-main.js');
/** Milliseconds. A boot takes 15 to 40 seconds on a quiet machine of two cores. */
const timeouts = { boot: 240_000, kill: 20_000, powerOff: 30_000 };
const CONSOLE_LINES = 30;
/** Of the times in /proc, on every machine that is in use. @alias USER_HZ */
const CLOCK_TICKS_PER_SECOND = 100;

/** A command that took longer than it may. */
export class GuestTimeoutError extends Error {
  constructor(command: GuestCommand, milliseconds: number) {
    const seconds = Math.round(milliseconds / 1000);
    super(`guest ${command.words.join(' ')}: not done after ${seconds} s`);
    this.name = 'GuestTimeoutError';
  }
}

/** One virtual machine, from boot to power off. */
export class VirtualMachine {
  /** What the guest's kernel calls itself. */
  release = '';
  readonly #folder = temporaryFolder(join(tmpdir(), 'skep-machine-'));
  readonly #server: Server = createServer();
  readonly #onExit = (): void => this.#destroy();
  #process: ChildProcess | undefined;
  #port: Socket | undefined;
  #take: (message: GuestMessage) => void = () => {};
  #fail: (error: Error) => void = () => {};

  private constructor() {}

  /**
   * Boots; done when the guest takes commands.
   *
   * @throws Error with the end of the console where it does not come up; MissingToolError
   */
  static async boot(image: KernelImage): Promise<VirtualMachine> {
    const machine = new VirtualMachine();
    process.on('exit', machine.#onExit);
    try {
      await machine.#start(image);
      return machine;
    } catch (error) {
      machine.#destroy();
      throw error;
    }
  }

  /**
   * Runs a command in the guest.
   *
   * @param onOutput what it prints on both streams, as it comes
   * @returns its exit status; 128 + the signal's number where a signal ended it
   * @throws GuestTimeoutError; the command is ended, the machine goes on
   */
  async run(
    command: GuestCommand,
    timeoutMilliseconds: number,
    onOutput: (text: string) => void,
  ): Promise<number> {
    const ended = this.#next((message) => {
      if (message.kind === 'output') onOutput(message.text);
      return message.kind === 'exit' ? message.status : undefined;
    });
    this.#send({ kind: 'run', command });
    const status = await this.#within(timeoutMilliseconds, ended);
    if (status !== undefined) return status;
    this.#send({ kind: 'kill' });
    if ((await this.#within(timeouts.kill, ended)) === undefined) this.#destroy();
    throw new GuestTimeoutError(command, timeoutMilliseconds);
  }

  /** Seconds of processor time that it has taken: on a busy machine more telling than the clock. */
  processorSeconds(): number {
    const stat = readFileSync(`/proc/${this.#process?.pid}/stat`, 'utf8');
    // What follows the name, which may hold anything; user and system time are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
  }

  /** Switches it off and removes what it was made of. */
  async powerOff(): Promise<void> {
    const child = this.#process;
    if (child && child.exitCode === null) {
      const gone = new Promise((resolve) => child.once('exit', () => resolve(true)));
      this.#fail = () => {};
      this.#port?.end();
      await this.#within(timeouts.powerOff, gone);
    }
    this.#destroy();
  }

  async #start(image: KernelImage): Promise<void> {
    const archive = join(this.#folder.path, 'initial.cpio');
    writeFileSync(archive, initialArchive(image, [process.execPath, GUEST_MAIN]));
    const paths = {
      kernel: image.kernel,
      archive,
      socket: join(this.#folder.path, 'port'),
      console: join(this.#folder.path, 'console'),
    };
    this.#server.on('connection', (port) => this.#listen(port));
    await new Promise<void>((resolve) => this.#server.listen(paths.socket, resolve));
    const ready = this.#next((message) => (message.kind === 'ready' ? message.release : undefined));
    const qemu = findTool('qemu-system-x86_64');
    const child = spawn(findTool('nice'), ['-n', '10', qemu, ...machineArguments(paths)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.#process = child;
    child.on('error', (error) => this.#fail(error));
    child.on('exit', (status, signal) => {
      const how = signal ?? `exit status ${status}`;
      this.#fail(new Error(`virtual machine ${image.name}: ended: ${how}${this.#consoleEnd()}`));
    });
    const release = await this.#within(timeouts.boot, ready);
    if (release === undefined) {
      const seconds = timeouts.boot / 1000;
      const what = `virtual machine ${image.name}: not up after ${seconds} s`;
      throw new Error(`${what}${this.#consoleEnd()}`);
    }
    this.release = release;
  }

  #listen(port: Socket): void {
    this.#port = port;
    const read = messageReader<GuestMessage>((message) => this.#take(message));
    port.setEncoding('utf8').on('data', (text) => read(String(text)));
    port.on('error', (error) => this.#fail(error));
  }

  #send(message: HostMessage): void {
    this.#port?.write(messageLine(message));
  }

  /** The first answer that `look` gives about a message, from now on. */
  #next<T>(look: (message: GuestMessage) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#take = (message) => {
        const answer = look(message);
        if (answer !== undefined) resolve(answer);
      };
    });
  }

  /** Undefined where the time is over first. */
  async #within<T>(milliseconds: number, result: Promise<T>): Promise<T | undefined> {
    const stop = new AbortController();
    const over = after(milliseconds, undefined, { signal: stop.signal }).catch(() => undefined);
    try {
      return await Promise.race([result, over]);
    } finally {
      stop.abort();
    }
  }

  #consoleEnd(): string {
    const file = join(this.#folder.path, 'console');
    if (!existsSync(file)) return '';
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-CONSOLE_LINES);
    return `\nthe end of its console:\n${lines.join('\n')}`;
  }

  /** Synchronous: it also runs when this process exits. */
  #destroy(): void {
    process.off('exit', this.#onExit);
    this.#fail = () => {};
    this.#process?.kill('SIGKILL');
    this.#port?.destroy();
    this.#server.close();
    this.#folder.remove();
  }
}
