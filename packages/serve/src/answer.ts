/** An answer on its way: what a server sends, whole or as events, and what it counts. */
import type { Caller, Usage } from "./writing.ts";

export interface Answer {
  /** The whole answer. */
  readonly whole: (caller: Caller) => Promise<{ readonly body: object; readonly usage: Usage }>;
  /** The same as events, each the data of one; the last is told by the server. */
  readonly events: (caller: Caller) => AsyncGenerator<object, Usage>;
  readonly streams: boolean;
  /** Tokens of the prompts of all rows. */
  readonly promptTokens: number;
}
