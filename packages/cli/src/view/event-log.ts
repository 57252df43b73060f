/** Reads `events.jsonl` of a run as it grows: every call gives the events that were added since the last one. */
import { openFile } from "@precipice/files";
import type { RunEvent } from "@precipice/runtime";

/** Bytes read at once. */
const chunkBytes = 1 << 20;
/** A longer line is no event of ours: it is passed over. */
const longestLine = 8 << 20;

export class EventLog {
  readonly #path: string;
  #offset = 0;
  /** The beginning of a line whose end is not written yet. */
  #rest = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** The events that are whole by now; none when there is no such file. Lines that are no events are passed over. */
  async read(): Promise<ReadonlyArray<RunEvent>> {
    const handle = (await openFile(this.#path).catch(() => undefined))?.handle;
    if (handle === undefined) return [];
    const events: Array<RunEvent> = [];
    try {
      const buffer = Buffer.alloc(chunkBytes);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, chunkBytes, this.#offset);
        if (bytesRead === 0) return events;
        this.#offset += bytesRead;
        this.#take(buffer.subarray(0, bytesRead), events);
      }
    } finally {
      await handle.close();
    }
  }

  #take(bytes: Buffer, events: Array<RunEvent>): void {
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      const line = Buffer.concat([this.#rest, bytes.subarray(start, end)]).toString("utf8");
      this.#rest = Buffer.alloc(0);
      start = end + 1;
      const event = eventOf(line);
      if (event !== undefined) events.push(event);
    }
    this.#rest = Buffer.concat([this.#rest, bytes.subarray(start)]);
    if (this.#rest.length > longestLine) this.#rest = Buffer.alloc(0);
  }
}

function eventOf(line: string): RunEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "type" in value ? (value as RunEvent) : undefined;
  } catch {
    return undefined;
  }
}
