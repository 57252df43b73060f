/** The page's side of the worker that runs the model. */
import type { ReadTokens } from "../decode.ts";
import type { EngineFiles, PageData } from "../page-data.ts";
import type { AskMessage, LoadMessage, WorkerMessage } from "./worker-protocol.ts";

export interface AskEvents {
  readonly onRead: (read: ReadTokens) => void;
  /** With the milliseconds it took. */
  readonly onDone: (ms: number) => void;
  readonly onFailed: (problem: string) => void;
}

const absolute = (file: string): string => new URL(file, document.baseURI).href;

export class ModelClient {
  readonly #worker: Worker;
  readonly #asked = new Map<number, AskEvents>();
  #next = 0;

  /** Starts to load at once; `onUnusable` is told once when nothing can be asked. */
  constructor(files: EngineFiles, program: string, onUnusable: (problem: string) => void) {
    this.#worker = new Worker(absolute(files.worker), { type: "module" });
    this.#worker.onerror = (event) => {
      event.preventDefault();
      onUnusable(event.message || `${files.worker} could not be loaded`);
    };
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
      if (data.type === "unusable") return onUnusable(data.problem);
      if (data.type === "loaded") return void performance.mark("model loaded");
      const events = this.#asked.get(data.id);
      if (data.type === "read") return events?.onRead(data.read);
      this.#asked.delete(data.id);
      if (data.type === "done") events?.onDone(data.ms);
      else events?.onFailed(data.problem);
    };
    this.#worker.postMessage({ program: absolute(program), wasm: absolute(files.wasm) } satisfies LoadMessage);
  }

  /** Traces are written one after the other, in the order asked. */
  ask({ model, probe }: PageData, ids: ReadonlyArray<number>, headScale: Float32Array, events: AskEvents): void {
    const id = this.#next++;
    this.#asked.set(id, events);
    this.#worker.postMessage({ id, model, probe, ids, headScale } satisfies AskMessage);
  }

  close(): void {
    this.#worker.terminate();
  }
}
