/** What the page and the worker that runs the model say to each other. */
import type { ReadTokens } from "../decode.ts";
import type { PageModel, PageProbe } from "../page-data.ts";

/** The first message: where things lie, as absolute URLs. */
export interface LoadMessage {
  readonly program: string;
  readonly wasm: string;
}

/** Then one per trace; they are answered one after the other. */
export interface AskMessage {
  readonly id: number;
  readonly model: PageModel;
  readonly probe: PageProbe;
  readonly ids: ReadonlyArray<number>;
  readonly headScale: Float32Array;
}

export type WorkerMessage =
  | { readonly type: "loaded"; readonly ms: number }
  /** Nothing can be asked: `what` failed to load. */
  | { readonly type: "unusable"; readonly problem: string }
  | { readonly type: "read"; readonly id: number; readonly read: ReadTokens }
  | { readonly type: "done"; readonly id: number; readonly ms: number }
  | { readonly type: "failed"; readonly id: number; readonly problem: string };
