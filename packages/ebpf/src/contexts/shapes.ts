/** All contexts by the names of their classes, for the machine and for tests of each of them. */
import { CgroupEgressContext, CgroupIngressContext } from './cgroup-skb.ts';
import {
  PostBind4Context,
  PostBind6Context,
  SocketCreateContext,
  SocketReleaseContext,
} from './cgroup-socket.ts';
import type { ContextShape } from './context.ts';
import { ReuseportContext, ReuseportMigrateContext } from './reuseport.ts';
import * as socketAddress from './socket-address.ts';
import { SocketFilterContext } from './socket-filter.ts';
import { SocketLookupContext } from './socket-lookup.ts';
import { MessageContext } from './socket-message.ts';
import { SocketOperationsContext } from './socket-operations.ts';
import { SkbVerdictContext, StreamParserContext, StreamVerdictContext } from './socket-stream.ts';
import { TcContext } from './tc.ts';
import { XdpContext } from './xdp.ts';

/** The classes of this folder. */
export const contextClasses = {
  XdpContext,
  TcContext,
  ...socketAddress,
  CgroupIngressContext,
  CgroupEgressContext,
  SocketCreateContext,
  SocketReleaseContext,
  PostBind4Context,
  PostBind6Context,
  SocketOperationsContext,
  StreamParserContext,
  StreamVerdictContext,
  SkbVerdictContext,
  MessageContext,
  SocketLookupContext,
  ReuseportContext,
  ReuseportMigrateContext,
  SocketFilterContext,
} as const;

/** Any context that a program can be written for. */
export type ProgramContext = InstanceType<(typeof contextClasses)[keyof typeof contextClasses]>;

/** Layouts by the name of the class. */
export const contextShapes: Readonly<Record<string, ContextShape>> = Object.fromEntries(
  Object.entries(contextClasses).map(([name, { shape }]) => [name, shape]),
);
