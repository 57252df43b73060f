/**
 * Scaling attention heads: z of head (l, h) is multiplied by gamma before `o_proj` (0 ablates, > 1 enhances), where a gate
 * says so. Renormalisation gives the concatenated heads their norm back, in this same forward pass.
 */
import { type Graph, ops, type Tensor } from "@precipice/onnx";
import type { DecoderConfig } from "../architecture/config.ts";
import { layerOfZ } from "./attention.ts";
import type { Site } from "./sites.ts";

/** `none`; `token`: per token; `tensor`: one Frobenius norm over batch, tokens and heads, padding included (the paper's code). */
export type RenormMode = "none" | "token" | "tensor";
export const RENORM_MODES: ReadonlyArray<RenormMode> = ["none", "token", "tensor"];

/** Adds inputs `head_scale [layers, heads]` and `head_gate [n]` (1 where heads are scaled) and answers the hook. */
export const headScaleHook = (graph: Graph, config: DecoderConfig, renorm: RenormMode, rows: string) => {
  const { layers, heads, headDim } = config;
  const scale = graph.input("head_scale", "float32", [layers, heads]);
  const gate = graph.input("head_gate", "float32", [rows]);
  const one = graph.constant("float32", 1);
  const perLayer = ops.split(
    scale,
    Array.from({ length: layers }, () => 1),
    0,
  ); // layers × [1, heads]
  const gateColumn = ops.reshape(gate, [rows, 1]);

  return (site: Site, z: Tensor): Tensor => {
    const layer = layerOfZ(site, layers);
    if (layer === undefined) return z;
    const offset = ops.sub(perLayer[layer] as Tensor, one); // [1, heads]
    const factor = ops.add(ops.mul(gateColumn, offset), one); // [n, heads]
    const byHead = ops.reshape(z, [rows, heads, headDim]);
    const scaled = ops.reshape(ops.mul(byHead, ops.reshape(factor, [rows, heads, 1])), [rows, heads * headDim]);
    if (renorm === "none") return scaled;
    if (renorm === "token") return ops.matchNorm(scaled, z);
    const flat = (t: Tensor) => ops.reshape(t, [1, `${heads * headDim}*${rows}`]);
    return ops.reshape(ops.matchNorm(flat(scaled), flat(z)), [rows, heads * headDim]);
  };
};
