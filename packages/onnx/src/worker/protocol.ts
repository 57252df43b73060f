/** What host and guest say to each other. One call at a time has an answer; events may come before it. */
export interface CallMessage {
  readonly type: "call";
  readonly id: number;
  readonly method: string;
  readonly args: unknown;
  /** One Int32 that turns 1 when this call is to stop. */
  readonly interrupt: SharedArrayBuffer;
}
export interface CloseMessage {
  readonly type: "close";
}
export type HostMessage = CallMessage | CloseMessage;

/** An error as it crosses the thread border: the tag and fields of a typed error, or just name and message. */
export interface WireError {
  readonly tag: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly stack?: string | undefined;
}

export type GuestMessage =
  | { readonly type: "result"; readonly id: number; readonly value: unknown }
  | { readonly type: "error"; readonly id: number; readonly error: WireError }
  | { readonly type: "event"; readonly id: number; readonly event: unknown };
