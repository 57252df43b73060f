/** A checked pipeline: every name resolved, every config decoded, every edge of a fitting kind, no cycles. */
import type { AnyStage } from "../stage.ts";
import type { Place } from "./located.ts";

/** Output `output` of node `node`. */
export interface Edge {
  readonly node: string;
  readonly output: string;
}

export interface Node {
  readonly name: string;
  readonly stage: AnyStage;
  /** Decoded, defaults filled in. */
  readonly config: unknown;
  /** By port, in order; a port that is not wired is absent. */
  readonly inputs: { readonly [port: string]: ReadonlyArray<Edge> };
  /** Where its config (or the node, without one) stands in the file. */
  readonly configAt: Place;
}

export interface Pipeline {
  readonly name: string;
  readonly description: string;
  /** Absolute path of the pipeline file. */
  readonly file: string;
  /** Absolute folder that relative paths of configs are resolved in. */
  readonly dir: string;
  /** How many nodes may run at once. */
  readonly concurrency: number;
  /** In topological order. */
  readonly nodes: ReadonlyArray<Node>;
}
