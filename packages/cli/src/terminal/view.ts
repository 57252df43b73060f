/** A view shows the events of a run; which one depends on who is looking. */
import type { RunEvent } from "@precipice/runtime";
import { LineView } from "./line-view.ts";
import { LiveView } from "./live-view.ts";
import { painterFor } from "./text.ts";

export interface View {
  readonly onEvent: (event: RunEvent) => void;
  /** Leaves the terminal as it was. */
  readonly close: () => void;
}

/** JSON lines for programs, a redrawn block on a terminal, plain lines elsewhere. */
export function viewFor(stream: NodeJS.WriteStream, json: boolean): View {
  if (json) {
    return { onEvent: (event) => stream.write(`${JSON.stringify(event)}\n`), close: () => undefined };
  }
  const live = stream.isTTY === true && process.env.TERM !== "dumb";
  return live ? new LiveView(stream, painterFor(stream)) : new LineView(stream, painterFor(stream));
}
