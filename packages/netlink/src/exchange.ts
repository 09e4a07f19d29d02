/**
 * Question and answer over netlink: a request is acknowledged, a dump is a sequence of messages
 * that ends with DONE. Pure over a {@link Channel}; the socket is in `socket.ts`.
 */
import { Errno } from '@skep/sys';
import { NLM_F, NLMSG } from './abi.ts';
import {
  type Acknowledgement,
  type Message,
  type Request,
  readAcknowledgement,
  readMessages,
} from './message.ts';
import { type Intent, NetlinkError } from './netlink-error.ts';

/** Carries datagrams to the kernel and back. */
export interface Channel {
  send(datagram: Uint8Array): void;
  /** The next datagram; throws where none is there, since the kernel answers before `send` ends. */
  receive(): Uint8Array;
}

/** Tables that change while they are read are read again, this often. */
const DUMP_ATTEMPTS = 10;

/** Numbers requests and finds the answers to each among what arrives. */
export class Exchange {
  readonly #channel: Channel;
  #sequence = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /**
   * Sends a request and waits for its acknowledgement.
   *
   * @returns the messages that came before the acknowledgement: the answer to a GET, else none.
   * @throws NetlinkError when the kernel refuses.
   */
  request(request: Request, intent: Intent): Message[] {
    const sequence = this.#send(request, NLM_F.ACK);
    const answers: Message[] = [];
    for (;;) {
      for (const message of this.#receive(sequence, intent)) {
        if (message.type === NLMSG.ERROR) {
          refuseUnlessDone(readAcknowledgement(message), intent);
          return answers;
        }
        answers.push(message);
      }
    }
  }

  /**
   * Reads a whole table. A table that changed meanwhile is read again, so that the answer is one
   * consistent state.
   *
   * @throws NetlinkError when the kernel refuses, or `EINTR` when the table does not keep still.
   */
  dump(request: Request, intent: Intent): Message[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      const { messages, isConsistent } = this.#dumpOnce(request, intent);
      if (isConsistent) return messages;
    }
    throw new NetlinkError(
      intent,
      Errno.EINTR,
      `table changed during ${DUMP_ATTEMPTS} attempts to read it`,
    );
  }

  #dumpOnce(request: Request, intent: Intent): { messages: Message[]; isConsistent: boolean } {
    const sequence = this.#send(request, NLM_F.DUMP);
    const messages: Message[] = [];
    let isConsistent = true;
    for (;;) {
      for (const message of this.#receive(sequence, intent)) {
        if ((message.flags & NLM_F.DUMP_INTR) !== 0) isConsistent = false;
        if (message.type === NLMSG.DONE || message.type === NLMSG.ERROR) {
          refuseUnlessDone(readAcknowledgement(message), intent);
          return { messages, isConsistent };
        }
        messages.push(message);
      }
    }
  }

  #send(request: Request, flags: number): number {
    this.#sequence = (this.#sequence + 1) >>> 0 || 1;
    this.#channel.send(request.encode(this.#sequence, flags));
    return this.#sequence;
  }

  /** The next datagram's messages for this request; answers to an abandoned request are dropped. */
  #receive(sequence: number, intent: Intent): Message[] {
    const messages = readMessages(this.#channel.receive());
    if (messages.some((message) => message.type === NLMSG.OVERRUN)) {
      throw new NetlinkError(intent, Errno.ENOBUFS, 'answer was lost');
    }
    return messages.filter(({ sequence: s, type }) => s === sequence && type !== NLMSG.NOOP);
  }
}

function refuseUnlessDone(outcome: Acknowledgement, intent: Intent): void {
  if (outcome.errno === 0) return;
  const missing = outcome.missingAttribute;
  const detail =
    outcome.text ?? (missing === undefined ? undefined : `attribute ${missing} missing`);
  throw new NetlinkError(intent, outcome.errno, detail);
}
