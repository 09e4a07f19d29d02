/** What host and guest say to each other over the serial port: JSON, one message a line. */

/** The name of the port, by which the guest finds it. */
export const PORT_NAME = 'skep';

/** A command for the guest. */
export interface GuestCommand {
  readonly words: readonly string[];
  readonly directory: string;
  /** Added to the guest's own. */
  readonly environment: Readonly<Record<string, string>>;
}

/** From the host. One command runs at a time; `kill` ends it and its children. */
export type HostMessage =
  | { readonly kind: 'run'; readonly command: GuestCommand }
  | { readonly kind: 'kill' };

/** From the guest. */
export type GuestMessage =
  | { readonly kind: 'ready'; readonly release: string }
  | { readonly kind: 'output'; readonly text: string }
  | { readonly kind: 'exit'; readonly status: number };

/** Calls `take` with each message, however the text comes in pieces. */
export function messageReader<Message>(take: (message: Message) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(JSON.parse(line) as Message);
  };
}

/** The line of a message. */
export function messageLine(message: HostMessage | GuestMessage): string {
  return `${JSON.stringify(message)}\n`;
}
