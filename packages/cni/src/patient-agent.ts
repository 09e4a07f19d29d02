/** The agent as the plugin asks it: patiently, for it may be starting anew just now. */
import { setTimeout as pause } from 'node:timers/promises';
import { AgentClient, AgentError, AgentUnreachableError } from '@skep/agent/client';
import { CniError, CniErrorCode } from './cni-error.ts';
import type { NetworkConfig } from './network-config.ts';

const PAUSE_MILLISECONDS = 100;
/** An agent that is there has them to answer, also where nobody waits for one that is not. */
const ANSWER_SECONDS = 2;

/** What is asked; `isRetry` where the answer to the same question may have been lost. */
export type Question<T> = (agent: AgentClient, isRetry: boolean) => Promise<T>;

/** Errors of the agent that have a number of their own. */
const CODES: Readonly<Record<string, CniErrorCode>> = {
  ERR_REQUEST: CniErrorCode.InvalidConfig,
  ERR_ADDRESS: CniErrorCode.InvalidConfig,
  ERR_ENDPOINT_ADDRESS: CniErrorCode.InvalidConfig,
  ERR_ENDPOINT_NAMESPACE: CniErrorCode.InvalidEnvironment,
  ERR_ENDPOINT_MISSING: CniErrorCode.UnknownContainer,
  ERR_IPAM_EXHAUSTED: CniErrorCode.TryAgainLater,
  ERR_ENDPOINT_LIMIT: CniErrorCode.TryAgainLater,
  ERR_NUMBERS_EXHAUSTED: CniErrorCode.TryAgainLater,
  ERR_TABLE_FULL: CniErrorCode.TryAgainLater,
  ERR_STATE_WRITE: CniErrorCode.InputOutput,
};

/**
 * Asks until the agent answers, for as long as the configuration says.
 *
 * @throws CniError what the agent refuses, or that it does not answer
 */
export async function askAgent<T>(
  { socket, waitSeconds }: Pick<NetworkConfig, 'socket' | 'waitSeconds'>,
  question: Question<T>,
): Promise<T> {
  const agent = new AgentClient(socket);
  const deadline = performance.now() + waitSeconds * 1000;
  const answerSeconds = Math.max(waitSeconds, ANSWER_SECONDS);
  let isSilent = false;
  const timer = setTimeout(() => {
    isSilent = true;
    agent.close();
  }, answerSeconds * 1000);
  let isRetry = false;
  try {
    for (;;) {
      try {
        return await question(agent, isRetry);
      } catch (error) {
        if (!(error instanceof AgentUnreachableError)) throw refusal(error);
        if (isSilent) throw silence(socket, answerSeconds);
        if (performance.now() + PAUSE_MILLISECONDS >= deadline) throw absence(error, waitSeconds);
        isRetry ||= error.isAnswerLost;
      }
      await pause(PAUSE_MILLISECONDS);
    }
  } finally {
    clearTimeout(timer);
    agent.close();
  }
}

function refusal(error: unknown): CniError {
  if (!(error instanceof AgentError)) throw error;
  return new CniError(CODES[error.code] ?? CniErrorCode.Refused, error.message, error.code);
}

/** It has taken the question. */
function silence(socket: string, seconds: number): CniError {
  const message = `ask agent at ${socket}: no answer within ${seconds} s (see \`skep status\`)`;
  return new CniError(CniErrorCode.TryAgainLater, message);
}

function absence(error: AgentUnreachableError, waitSeconds: number): CniError {
  const details = `waited ${waitSeconds} s`;
  return new CniError(CniErrorCode.TryAgainLater, error.message, details);
}
