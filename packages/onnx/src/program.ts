/** A program ready to load: serialised graph, where its external weights lie, and how to run it. */
import { createHash } from "node:crypto";
import type { Graph } from "./graph.ts";
import { toOnnx } from "./serialize.ts";

export interface Program {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Folder that `ExternalData.location`s are relative to. */
  readonly dataFolder?: string;
  /** sha256 of the serialised graph. */
  readonly digest: string;
}

export const programOf = (graph: Graph, dataFolder?: string): Program => {
  const bytes = toOnnx(graph);
  const digest = createHash("sha256").update(bytes).digest("hex");
  return { name: graph.name, bytes, digest, ...(dataFolder === undefined ? {} : { dataFolder }) };
};
