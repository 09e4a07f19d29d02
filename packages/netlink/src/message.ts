/**
 * Netlink messages: a header of 16 bytes, then the message's own structure and attributes. One
 * datagram holds one or more messages, each starting at a multiple of 4.
 *
 * ```text
 *  0        4      6       8          12        16                      length
 *  | length | type | flags | sequence | port id | structure, attributes |
 * ```
 *
 * @source struct nlmsghdr, include/uapi/linux/netlink.h
 */
import { NLM_F, NLMSG, NLMSGERR_ATTR } from './abi.ts';
import { AttributeSet, AttributeWriter, align4, LITTLE_ENDIAN, viewOf } from './attributes.ts';
import { MalformedMessageError } from './netlink-error.ts';

const HEADER_LENGTH = 16;

/** One message as it was received. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  /** The sequence number of the request that this answers; 0 for an event. */
  readonly sequence: number;
  /** Port of the socket that it answers; 0 for an event. */
  readonly portId: number;
  /** What follows the header; a view into the datagram. */
  readonly payload: Uint8Array;
}

/** A request under construction: attributes are added to `attributes`, the socket numbers it. */
export class Request {
  readonly attributes = new AttributeWriter();

  /**
   * @param header the fixed structure that follows the message header, such as `struct ifinfomsg`.
   */
  constructor(
    readonly type: number,
    readonly flags: number,
    readonly header: Uint8Array,
  ) {}

  /** The bytes to send, with `NLM_F_REQUEST` and `extraFlags` set. */
  encode(sequence: number, extraFlags = 0): Uint8Array {
    const attributesAt = HEADER_LENGTH + align4(this.header.length);
    const bytes = new Uint8Array(attributesAt + this.attributes.bytes.length);
    const view = viewOf(bytes);
    view.setUint32(0, bytes.length, LITTLE_ENDIAN);
    view.setUint16(4, this.type, LITTLE_ENDIAN);
    view.setUint16(6, this.flags | extraFlags | NLM_F.REQUEST, LITTLE_ENDIAN);
    view.setUint32(8, sequence, LITTLE_ENDIAN);
    bytes.set(this.header, HEADER_LENGTH);
    bytes.set(this.attributes.bytes, attributesAt);
    return bytes;
  }
}

/**
 * The messages of one datagram.
 *
 * @throws MalformedMessageError where a length points outside of the datagram.
 */
export function readMessages(datagram: Uint8Array): Message[] {
  const view = viewOf(datagram);
  const messages: Message[] = [];
  let offset = 0;
  while (offset < datagram.length) {
    const left = datagram.length - offset;
    if (left < HEADER_LENGTH) {
      throw new MalformedMessageError('datagram', `${left} bytes left`, 'a message header of 16');
    }
    const length = view.getUint32(offset, LITTLE_ENDIAN);
    if (length < HEADER_LENGTH || length > left) {
      throw new MalformedMessageError('datagram', `message length ${length}`, `16 to ${left}`);
    }
    messages.push({
      type: view.getUint16(offset + 4, LITTLE_ENDIAN),
      flags: view.getUint16(offset + 6, LITTLE_ENDIAN),
      sequence: view.getUint32(offset + 8, LITTLE_ENDIAN),
      portId: view.getUint32(offset + 12, LITTLE_ENDIAN),
      payload: datagram.subarray(offset + HEADER_LENGTH, offset + length),
    });
    offset += align4(length);
  }
  return messages;
}

/** The outcome in an acknowledgement or at the end of a dump. */
export interface Acknowledgement {
  /** 0 for success, else a positive error number. */
  readonly errno: number;
  /** The kernel's own sentence (extended acknowledgement), such as `Device does not exist`. */
  readonly text: string | undefined;
  /** Type of the attribute that the request should have had. */
  readonly missingAttribute: number | undefined;
}

/**
 * Reads `NLMSG_ERROR` or `NLMSG_DONE`.
 *
 * @source struct nlmsgerr, include/uapi/linux/netlink.h
 * @throws MalformedMessageError where the message is too short for what its flags promise.
 */
export function readAcknowledgement(message: Message): Acknowledgement {
  const { payload } = message;
  // A dump that ends well may end without a status.
  if (message.type === NLMSG.DONE && payload.length === 0) return success;
  if (payload.length < 4) {
    throw new MalformedMessageError('acknowledgement', `${payload.length} bytes`, 'at least 4');
  }
  const errno = 0 - viewOf(payload).getInt32(0, LITTLE_ENDIAN);
  if (errno < 0)
    throw new MalformedMessageError('acknowledgement', `status ${-errno}`, '0 or less');
  if ((message.flags & NLM_F.ACK_TLVS) === 0) return { ...success, errno };
  const attributesAt = message.type === NLMSG.DONE ? 4 : 4 + echoLength(message, errno);
  const subject = 'extended acknowledgement';
  const attributes = new AttributeSet(payload.subarray(attributesAt), subject);
  return {
    errno,
    text: attributes.text(NLMSGERR_ATTR.MSG),
    missingAttribute: attributes.u32(NLMSGERR_ATTR.MISS_TYPE),
  };
}

const success: Acknowledgement = { errno: 0, text: undefined, missingAttribute: undefined };

/** Bytes that the request, or only its header, takes up after the error number. */
function echoLength(message: Message, errno: number): number {
  const left = message.payload.length - 4;
  if (left < HEADER_LENGTH) {
    throw new MalformedMessageError('acknowledgement', `${left} bytes of request`, 'at least 16');
  }
  const isWhole = errno !== 0 && (message.flags & NLM_F.CAPPED) === 0;
  if (!isWhole) return HEADER_LENGTH;
  const length = align4(viewOf(message.payload).getUint32(4, LITTLE_ENDIAN));
  if (length < HEADER_LENGTH || length > left) {
    throw new MalformedMessageError('acknowledgement', `request length ${length}`, `16 to ${left}`);
  }
  return length;
}

/**
 * Splits a payload into its fixed structure and the attributes after it.
 *
 * @param length bytes of the structure, a multiple of 4.
 * @param subject names the message in errors, such as `RTM_NEWLINK`.
 * @throws MalformedMessageError where the payload is shorter, or its attributes are malformed.
 */
export function readStructure(
  message: Message,
  length: number,
  subject: string,
): { view: DataView; attributes: AttributeSet } {
  const { payload } = message;
  if (payload.length < length) {
    throw new MalformedMessageError(subject, `${payload.length} bytes`, `at least ${length}`);
  }
  const attributes = new AttributeSet(payload.subarray(length), subject);
  return { view: viewOf(payload.subarray(0, length)), attributes };
}
