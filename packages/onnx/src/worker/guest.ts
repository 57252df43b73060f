/**
 * The inside of a worker thread: serves named methods one call after the other. Native runs cannot be cancelled, so a
 * long method asks `interrupted()` between its runs and stops there.
 */
import { parentPort } from "node:worker_threads";
import type { TypedArray } from "../dtype.ts";
import { Interrupted } from "../errors.ts";
import type { GuestMessage, HostMessage, WireError } from "./protocol.ts";

export interface CallContext {
  /** Has the host asked this call to stop? Cheap; ask between runs. */
  readonly interrupted: () => boolean;
  /** Throws `Interrupted` if the host asked to stop. */
  readonly checkpoint: (program: string) => void;
  /** Tell the host about progress or a partial result. */
  readonly emit: (event: unknown) => void;
}

// biome-ignore lint/suspicious/noExplicitAny: methods are typed by their host-side face
export type Handlers = Readonly<Record<string, (args: any, context: CallContext) => Promise<unknown>>>;

/** Serve `handlers` until the host closes; `onClose` releases native resources. */
export const serve = (handlers: Handlers, onClose: () => Promise<void> = async () => {}): void => {
  const port = parentPort;
  if (port === null) throw new Error("serve() runs inside a worker thread");
  let queue: Promise<void> = Promise.resolve();

  const answer = async (message: HostMessage): Promise<void> => {
    if (message.type === "close") {
      try {
        await onClose();
      } finally {
        port.close();
      }
      return;
    }
    const { id, method, args } = message;
    const flag = new Int32Array(message.interrupt);
    const interrupted = () => Atomics.load(flag, 0) === 1;
    const context: CallContext = {
      interrupted,
      checkpoint: (program) => {
        if (interrupted()) throw new Interrupted({ program });
      },
      emit: (event) => send({ type: "event", id, event }),
    };
    try {
      const handler = handlers[method];
      if (handler === undefined) throw new Error(`worker has no method "${method}"`);
      send({ type: "result", id, value: await handler(args, context) });
    } catch (error) {
      send({ type: "error", id, error: toWire(error) });
    }
  };
  const send = (message: GuestMessage) =>
    port.postMessage(message, message.type === "result" ? transferable(message.value) : []);
  port.on("message", (message: HostMessage) => {
    queue = queue.then(() => answer(message));
  });
};

/** The array buffers of a result that may leave this thread without a copy: those their view covers whole. */
const transferable = (value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] => {
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteLength } = value as TypedArray;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) found.add(buffer);
  } else if (value !== null && typeof value === "object") {
    for (const part of Object.values(value)) transferable(part, found);
  }
  return [...found];
};

const toWire = (error: unknown): WireError => {
  if (!(error instanceof Error)) return { tag: "Error", message: String(error), fields: {} };
  const { _tag, ...fields } = { ...error } as Record<string, unknown>;
  return { tag: typeof _tag === "string" ? _tag : error.name, message: error.message, fields, stack: error.stack };
};
