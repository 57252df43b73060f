/** An answer on its way: what a server sends, whole or as events, and what it counts. */
import type { Usage } from "./writing.ts";

export interface Answer {
  /** The whole answer. */
  readonly whole: (signal: AbortSignal) => Promise<{ readonly body: object; readonly usage: Usage }>;
  /** The same as events, each the data of one; the last is told by the server. */
  readonly events: (signal: AbortSignal) => AsyncGenerator<object, Usage>;
  readonly streams: boolean;
  /** Rows it writes. */
  readonly rows: number;
}
