/**
 * A program of its own: adds two numbers on the device named by its argument and prints `{ version, error? }`. In a process
 * of its own because what a device's native libraries print, or how they crash, must not be the caller's.
 */
import { env } from "onnxruntime-node";
import { SessionError } from "./errors.ts";
import { Graph } from "./graph.ts";
import { floats, tensorOf } from "./host-tensor.ts";
import { add } from "./ops/elementwise.ts";
import { programOf } from "./program.ts";
import { RuntimeSession, resident, type SessionOptions, toHost } from "./runtime-session.ts";

const tell = (error?: string): void => {
  process.stdout.write(JSON.stringify({ version: env.versions.node, ...(error === undefined ? {} : { error }) }));
};

try {
  const graph = new Graph("trial");
  const x = graph.input("x", "float32", [2]);
  graph.output("sum", add(x, x));
  const session = await RuntimeSession.open(programOf(graph), {
    device: process.argv[2] as NonNullable<SessionOptions["device"]>,
  });
  const { sum } = await session.run({ x: resident(tensorOf("float32", [2], [1, 2])) });
  const values = sum === undefined ? [] : [...floats(toHost(sum))];
  tell(values.join() === "2,4" ? undefined : `[1, 2] + [1, 2] gave [${values.join(", ")}]`);
} catch (error) {
  const reason = error instanceof SessionError ? error.reason : error instanceof Error ? error.message : String(error);
  // Of an assertion in native code only the sentence after it says anything to its reader.
  tell(reason.replace(/^\/onnxruntime_src\/.* was false\.\s*/s, ""));
}
