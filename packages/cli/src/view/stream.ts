/** Server-sent events: what changes in a run, or in the list of runs, told as it happens. */
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { visibleText } from "@precipice/report/html";
import { duration } from "../terminal/text.ts";
import type { Catalogue, CataloguedRun } from "./catalogue.ts";
import { EventLog } from "./event-log.ts";
import type { LiveMessage, NodeLine } from "./live-line.ts";
import { RunState } from "./run-state.ts";

/** How often a run is looked at. */
const runEveryMs = 400;
/** How often the list of runs is. */
const listEveryMs = 1500;
/** A line that says nothing, so that a reader that went away is noticed. */
const beatMs = 15_000;

/** The state of a run as its record and its events have it, and the log that will tell how it goes on. */
export async function openState(run: CataloguedRun): Promise<{ readonly state: RunState; readonly log: EventLog }> {
  const { record, path } = run;
  const state = new RunState(Date.parse(record?.startedAt ?? "") || Date.now(), record?.nodes ?? []);
  const log = new EventLog(join(path, "events.jsonl"));
  for (const event of await log.read()) state.apply(event);
  return { state, log };
}

/** Tells a run until it is over (`end`), its process is gone, or nobody listens. */
export async function streamRun(catalogue: Catalogue, run: CataloguedRun, response: ServerResponse): Promise<void> {
  const told = new Map<string, string>();
  const { state, log } = await openState(run);
  let logged = 0;
  let gone = 0;
  const stream = openStream(response);
  while (stream.open) {
    for (const event of await log.read()) state.apply(event);
    const now = (await catalogue.open(run.id))?.status ?? "unreadable";
    // a lease may be looked for in the moment in which it changes hands: once is not enough
    gone = now === "running" ? 0 : gone + 1;
    const over = state.finished !== undefined ? now !== "running" : gone > 1;
    const nowMs = Date.now();
    const whole = told.size === 0;
    const nodes = state.lines(nowMs, !over).filter((line) => isNews(told, line));
    const lines = state.log(logged);
    logged = lines.seen;
    const spanMs = state.spanMs(nowMs, !over);
    const message: LiveMessage = {
      whole,
      nodes: nodes.map((line) => ({ ...line, node: visibleText(line.node), note: visibleText(line.note) })),
      log: lines.lines.map(visibleText),
      summary: state.summary(nowMs, !over),
      spanMs,
      span: duration(spanMs),
      status: over ? now : "running",
    };
    await stream.send("state", message);
    if (over) {
      await stream.send("end", {});
      break;
    }
    await stream.pause(runEveryMs);
  }
  stream.close();
}

/** Tells when the list of runs changed. */
export async function streamChanges(catalogue: Catalogue, response: ServerResponse): Promise<void> {
  const stream = openStream(response);
  let version = await catalogue.version();
  await stream.send("ready", {});
  while (stream.open) {
    await stream.pause(listEveryMs);
    const next = await catalogue.version();
    if (next !== version && stream.open) await stream.send("changed", {});
    version = next;
  }
  stream.close();
}

const isNews = (told: Map<string, string>, line: NodeLine): boolean => {
  const text = JSON.stringify(line);
  if (told.get(line.node) === text) return false;
  told.set(line.node, text);
  return true;
};

const openStream = (response: ServerResponse) => {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" });
  let open = true;
  let wake: () => void = () => undefined;
  response.once("close", () => {
    open = false;
    wake();
  });
  let lastMs = Date.now();
  /** Waits until a slow reader has taken what was written. */
  const write = (text: string): Promise<void> =>
    new Promise((resolve) => {
      lastMs = Date.now();
      if (!open || response.write(text)) resolve();
      else {
        wake = resolve;
        response.once("drain", resolve);
      }
    });
  return {
    get open() {
      return open;
    },
    // JSON holds no line breaks: nothing in the data can end a field and begin another
    send: (event: string, data: unknown) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    pause: async (ms: number): Promise<void> => {
      if (Date.now() - lastMs > beatMs) await write(":\n\n");
      if (!open) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    close: () => response.end(),
  };
};
