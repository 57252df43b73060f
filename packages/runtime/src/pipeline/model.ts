/** A checked pipeline: every name resolved, every config decoded, every edge of a fitting kind, no cycles. */
import type { AnyStage } from "../stage.ts";
import type { Place, Scalar } from "./located.ts";
import type { LostPath } from "./settle.ts";

/** Output `output` of node `node`. */
export interface Edge {
  readonly node: string;
  readonly output: string;
}

export interface Node {
  /** `lora`, `fragment/lora`, or `lora[seed=1,method=ms]` out of a matrix. */
  readonly name: string;
  /** The name without the values of a matrix. */
  readonly template: string;
  readonly stage: AnyStage;
  /** Decoded, defaults filled in. */
  readonly config: unknown;
  /** By port, in order; a port that is not wired is absent. */
  readonly inputs: { readonly [port: string]: ReadonlyArray<Edge> };
  /** The values of its matrix, in the order of the file. */
  readonly matrix?: { readonly [name: string]: Scalar };
  /** Why it is left out of every run; such a node feeds nothing. */
  readonly skip?: string;
  /** Absolute folder that relative paths of its config are resolved in: that of the file it stands in. */
  readonly dir: string;
  /** Relative paths in its config that lead to nothing. */
  readonly lost: ReadonlyArray<LostPath>;
  /** Where its config (or the node, without one) stands in the file. */
  readonly configAt: Place;
}

export interface Pipeline {
  readonly name: string;
  readonly description: string;
  /** Absolute path of the pipeline file. */
  readonly file: string;
  /** Absolute folder of the pipeline file. */
  readonly dir: string;
  /** How many nodes may run at once; `Infinity` when the file leaves it to the machine. */
  readonly concurrency: number;
  /** In topological order. */
  readonly nodes: ReadonlyArray<Node>;
}
