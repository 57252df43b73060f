/** What a server lets clients hold of it, and for how long. */
import { ApiError } from "./api-error.ts";
import { Budget } from "./budget.ts";
import { Outbox } from "./outbox.ts";

export interface ServerLimits {
  /** Most rows that wait or are written at once; who comes then is told to come again later. Default 512. */
  readonly queue?: number;
  /** Most rows of one request: prompts times `n`. Default 128, at most `queue`. */
  readonly requestRows?: number;
  /** Most tokens of prompts, of all rows that wait or are written. Default 4,194,304. */
  readonly queueTokens?: number;
  /** Most connections at once. Default 4096. */
  readonly connections?: number;
  /** Finer ones, for tests and for embedders. */
  readonly limits?: {
    /** Largest body. Default 4 MiB. */
    readonly bodyBytes?: number;
    /** All bodies of requests that are not answered yet. Default 64 MiB. */
    readonly allBodiesBytes?: number;
    /** Whole answers that their readers have not taken. Default 64 MiB. */
    readonly waitingBytes?: number;
    /** How long a reader may take nothing. Default 30 s. */
    readonly stallMs?: number;
    /** How long headers may take. Default 10 s. */
    readonly headersMs?: number;
    /** How long a whole request may take to come. Default 30 s. */
    readonly bodyMs?: number;
  };
}

export interface Limits {
  readonly rows: Budget;
  readonly requestRows: number;
  readonly bodies: Budget;
  readonly bodyBytes: number;
  readonly outbox: Outbox;
  readonly connections: number;
  readonly headersMs: number;
  readonly bodyMs: number;
  /** Takes so many tokens of prompts; the answer gives them back. Throws a 429, and a 400 where they never fit. */
  readonly tokens: (amount: number) => () => void;
}

const MIB = 2 ** 20;

export const limitsOf = ({
  queue = 512,
  requestRows = 128,
  queueTokens = 4 * MIB,
  connections = 4096,
  limits = {},
}: ServerLimits): Limits => {
  const { bodyBytes = 4 * MIB, allBodiesBytes = 64 * MIB, waitingBytes = 64 * MIB, stallMs = 30_000 } = limits;
  const { headersMs = 10_000, bodyMs = 30_000 } = limits;
  const tokens = new Budget({
    most: queueTokens,
    what: "tokens of prompts are waiting or being continued",
    code: "queue_full",
  });
  return {
    rows: new Budget({ most: queue, what: "rows are waiting or being written", code: "queue_full" }),
    requestRows: Math.min(queue, requestRows),
    bodies: new Budget({ most: allBodiesBytes, what: "bytes of requests are being held", code: "server_busy" }),
    bodyBytes,
    outbox: new Outbox({ bytes: waitingBytes, stallMs }),
    connections,
    headersMs,
    bodyMs,
    tokens: (amount) => {
      if (amount <= queueTokens) return tokens.take(amount);
      throw new ApiError({
        status: 400,
        param: "prompt",
        code: "too_many_tokens",
        message: `The prompts of all rows have ${amount} tokens together, and ${queueTokens} may; send them in parts`,
      });
    },
  };
};
