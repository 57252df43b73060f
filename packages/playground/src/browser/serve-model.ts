/** Worker side: loads the program once, then answers requests in their order, so that the page never waits for a run. */
import type * as Ort from "onnxruntime-web/wasm";
import { decode, type Runtime } from "../decode.ts";
import type { EngineName } from "../page-data.ts";
import type { AskMessage, LoadMessage, WorkerMessage } from "./worker-protocol.ts";

/** A worker's global scope, as far as it is used; the types of pages know windows only. */
const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<LoadMessage | AskMessage>) => void) | null;
  postMessage: (message: WorkerMessage) => void;
};

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const load = async (ort: typeof Ort, engine: EngineName, { program, wasm }: LoadMessage): Promise<Runtime> => {
  ort.env.wasm.numThreads = 1; // more need headers that a plain static server does not send
  ort.env.wasm.wasmPaths = { wasm };
  ort.env.logLevel = "error";
  const response = await fetch(program);
  if (!response.ok) throw new Error(`${program} answered ${response.status}: publish the whole folder`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: [engine],
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  });
  return { session, Tensor: ort.Tensor };
};

const answer = async (runtime: Runtime, { id, model, probe, ids, headScale }: AskMessage): Promise<void> => {
  const started = performance.now();
  try {
    for await (const read of decode(runtime, model, probe, { ids, headScale }))
      scope.postMessage({ type: "read", id, read });
    scope.postMessage({ type: "done", id, ms: performance.now() - started });
  } catch (error) {
    scope.postMessage({ type: "failed", id, problem: reasonOf(error) });
  }
};

export const serveModel = (ort: typeof Ort, engine: EngineName): void => {
  let last: Promise<Runtime | undefined> | undefined;
  scope.onmessage = ({ data }) => {
    if ("program" in data) {
      const started = performance.now();
      last = load(ort, engine, data).then(
        (runtime) => {
          scope.postMessage({ type: "loaded", ms: performance.now() - started });
          return runtime;
        },
        (error) => {
          scope.postMessage({ type: "unusable", problem: reasonOf(error) });
          return undefined;
        },
      );
      return;
    }
    last = last?.then(async (runtime) => {
      if (runtime !== undefined) await answer(runtime, data);
      return runtime;
    });
  };
};
