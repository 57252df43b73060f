/** What a page is told about a run that goes on: plain values, made by the server, set as text by the page's script. */

/** How a node stands. */
export interface NodeLine {
  readonly node: string;
  /** `pending`, `running`, `waiting`, or how it ended. */
  readonly state: string;
  /** Time it took or takes, for people. */
  readonly took: string;
  /** What it is at, or why it is as it is. */
  readonly note: string;
  /** 0 to 1 of what it is at; null when that is not known. */
  readonly fraction: number | null;
  /** When it began and ended, in ms since the run began; null when it did not. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/** One message of the stream. */
export interface LiveMessage {
  /** Nodes that changed since the last message: all of them in the first. */
  readonly nodes: ReadonlyArray<NodeLine>;
  /** The first of a connection: it tells everything. */
  readonly whole: boolean;
  /** Lines of the log that are new; in the first message, all that are kept. */
  readonly log: ReadonlyArray<string>;
  /** One line on the whole run. */
  readonly summary: string;
  /** How long the run has gone on, and that for people. */
  readonly spanMs: number;
  readonly span: string;
  readonly status: string;
}
