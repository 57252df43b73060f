/**
 * Rotary position embedding in a graph: tables as initializers, partial rotation, and longrope's switch. Longrope takes one list
 * of factors for sequences up to its original length and another for longer ones, for every position of the sequence.
 */
import { type Graph, ops, type Tensor } from "@precipice/onnx";
import type { DecoderConfig } from "../architecture/config.ts";
import { longRopeFrom, ropeTables } from "../architecture/rope.ts";

/** cos and sin, `[position, rotary_dim / 2]` each. */
type Tables = readonly [cos: Tensor, sin: Tensor];

const tables = (graph: Graph, config: DecoderConfig, positions: number, long: boolean): Tables => {
  const { cos, sin } = ropeTables(config.rope, config.rotaryDim, positions, long);
  const dims = [positions, config.rotaryDim / 2];
  const name = long ? "rope.long" : "rope";
  return [
    graph.initializer(`${name}.cos`, "float32", dims, cos),
    graph.initializer(`${name}.sin`, "float32", dims, sin),
  ];
};

/** Can a sequence of `maxTokens` outgrow longrope's original length? */
export const mayBeLong = (config: DecoderConfig, maxTokens: number): number | undefined => {
  const from = longRopeFrom(config.rope);
  return from !== undefined && maxTokens > from ? from : undefined;
};

/** Turns `x [batch · token, heads · d_head]`; answers `[batch, heads, token, d_head]`. */
export type Rotate = (x: Tensor, heads: number) => Tensor;

/** `x [batch · token, heads · d_head]` by head: `[batch, heads, token, d_head]`. */
export const byHead = (x: Tensor, heads: number, headDim: number): Tensor =>
  ops.transpose(ops.reshape(x, ["batch", "token", heads, headDim]), [0, 2, 1, 3]);

const rotateBy = (config: DecoderConfig, [cos, sin]: Tables, positions: Tensor | undefined): Rotate => {
  const partial = config.rotaryDim === config.headDim ? {} : { rotaryDim: config.rotaryDim };
  return (x, heads) => ops.rotary(byHead(x, heads, config.headDim), cos, sin, positions, { heads, ...partial });
};

/** Rotation of whole sequences, positions 0, 1, …: `token` is the padded length, which decides for the whole batch. */
export const rotateSequences = (graph: Graph, config: DecoderConfig, maxTokens: number, positions: Tensor): Rotate => {
  const short = tables(graph, config, maxTokens, false);
  const from = mayBeLong(config, maxTokens);
  if (from === undefined) return rotateBy(config, short, positions);
  const isLong = ops.greater(graph.shapeTensor(["token"]), from); // [1]
  const long = tables(graph, config, maxTokens, true);
  const chosen = [0, 1].map((i) => ops.where(isLong, long[i] as Tensor, short[i] as Tensor));
  return rotateBy(config, chosen as unknown as Tables, positions);
};

/**
 * Rotation of new tokens at `positions [batch, token]`. With longrope a row's factors follow from input `sequence_length [batch]`:
 * the tokens it has come to, which may be more than a chunk of them shows.
 */
export const rotateContinuations = (
  graph: Graph,
  config: DecoderConfig,
  maxTokens: number,
  positions: Tensor,
): Rotate => {
  const short = tables(graph, config, maxTokens, false);
  const from = mayBeLong(config, maxTokens);
  if (from === undefined) return rotateBy(config, short, positions);
  const long = tables(graph, config, maxTokens, true);
  const length = ops.reshape(graph.input("sequence_length", "int64", ["batch"]), ["batch", 1, 1]);
  const isLong = ops.greater(length, from); // [batch, 1, 1]
  const chosen = [0, 1].map((i) =>
    // [batch, token, rotary_dim / 2]
    ops.where(isLong, ops.gather(long[i] as Tensor, positions), ops.gather(short[i] as Tensor, positions)),
  );
  return rotateBy(config, chosen as unknown as Tables, undefined);
};
