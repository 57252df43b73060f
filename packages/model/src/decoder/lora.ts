/** Low-rank adapters inside the graph (Hu et al., 2021): `y = W x + s B A x`, with PEFT's parameter names, choices and scale. */
import { type Dim, type Graph, ops, type Tensor } from "@precipice/onnx";
import type { DecoderConfig } from "../architecture/config.ts";
import { blockName, type Linear, linearShape, linears, STACKS } from "../architecture/tensor-names.ts";
import { type AdapterDropout, adapterDropout } from "./adapter-dropout.ts";
import type { Lowering } from "./block.ts";

export interface LoraShape {
  readonly rank: number;
  readonly alpha: number;
  /** Adapted linear maps: in every layer (`self_attn.q_proj`), or one module (`model.layers.3.self_attn.q_proj`). */
  readonly targets: ReadonlyArray<string>;
  /** Layers to adapt, from 0; all when absent. */
  readonly layers?: ReadonlyArray<number> | undefined;
  /** Scale alpha / sqrt(r) instead of alpha / r. */
  readonly rankStabilized?: boolean;
  /** Ranks of single modules: PEFT's regular expressions over the end of the module name; the first that fits counts. */
  readonly rankPattern?: Readonly<Record<string, number>> | undefined;
  /** The same for alpha. */
  readonly alphaPattern?: Readonly<Record<string, number>> | undefined;
  /** Share of the adapter's inputs that is dropped in training, 0 ≤ p < 1. */
  readonly dropout?: number | undefined;
}

/** PEFT's `get_pattern_key`: the first pattern that matches the module name or its end behind a dot. */
const patternValue = (patterns: Readonly<Record<string, number>> | undefined, module: string): number | undefined =>
  Object.entries(patterns ?? {}).find(([pattern]) => new RegExp(`^(?:.*\\.)?(?:${pattern})$`).test(module))?.[1];

export interface LoraModule {
  readonly layer: number;
  readonly linear: Linear;
  /** `model.layers.0.self_attn.q_proj` */
  readonly module: string;
  readonly rank: number;
  /** What B A x is multiplied by: alpha / r, or alpha / sqrt(r). */
  readonly scale: number;
}

/** The adapted modules of a decoder, in its order. */
export const loraModules = (config: DecoderConfig, lora: LoraShape): ReadonlyArray<LoraModule> => {
  const modules: LoraModule[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    if (lora.layers?.includes(layer) === false) continue;
    for (const linear of linears(config)) {
      const module = blockName(layer, linear);
      if (!lora.targets.includes(linear) && !lora.targets.includes(module)) continue;
      const rank = patternValue(lora.rankPattern, module) ?? lora.rank;
      const alpha = patternValue(lora.alphaPattern, module) ?? lora.alpha;
      modules.push({ layer, linear, module, rank, scale: alpha / (lora.rankStabilized ? Math.sqrt(rank) : rank) });
    }
  }
  return modules;
};

/** PEFT's key of a factor: `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`. */
export const loraKey = (layer: number, linear: Linear, factor: "A" | "B"): string =>
  `base_model.model.${blockName(layer, linear)}.lora_${factor}.weight`;

/** Every parameter of the adapter with its shape: A `[r, in]`, B `[out, r]`. */
export const loraShapes = (config: DecoderConfig, lora: LoraShape): ReadonlyMap<string, readonly [number, number]> => {
  const shapes = new Map<string, readonly [number, number]>();
  for (const { layer, linear, rank } of loraModules(config, lora)) {
    const [out, input] = linearShape(config, linear);
    shapes.set(loraKey(layer, linear, "A"), [rank, input]);
    shapes.set(loraKey(layer, linear, "B"), [out, rank]);
  }
  return shapes;
};

export interface LoraInputs {
  /** The only layer whose adapter is needed. */
  readonly layer?: number | undefined;
  /** Bring the inputs of dropout, where the adapter has one; else the whole adapter is active, as in PEFT's eval mode. */
  readonly training?: boolean | undefined;
}

/** The adapter's parameters as graph inputs, and the term to add to a linear map's output. */
export const loraInputs = (graph: Graph, config: DecoderConfig, lora: LoraShape, options: LoraInputs = {}) => {
  const { layer: only, training = false } = options;
  const chosen = loraModules(config, lora).filter((m) => only === undefined || m.layer === only);
  const modules = new Map(chosen.map((m) => [m.module, m]));
  const parameters = new Map<string, Tensor>();
  for (const [name, shape] of loraShapes(config, { ...lora, targets: [...modules.keys()] }))
    parameters.set(name, graph.input(name, "float32", shape));
  const dropping = training && (lora.dropout ?? 0) > 0 && chosen.length > 0;
  const drop: AdapterDropout | undefined = dropping ? adapterDropout(graph, config, chosen) : undefined;
  const delta = (layer: number, linear: Linear, x: Tensor): Tensor | undefined => {
    const module = modules.get(blockName(layer, linear));
    if (module === undefined) return undefined;
    const [a, b] = (["A", "B"] as const).map((f) => parameters.get(loraKey(layer, linear, f))) as [Tensor, Tensor];
    const low = ops.gemm(drop?.(module, x) ?? x, a, { transB: true }); // [n, r]
    const high = ops.gemm(low, b, { transB: true }); // [n, out]
    return module.scale === 1 ? high : ops.mul(high, module.scale);
  };
  return { parameters: [...parameters.values()], delta };
};

/** The addition to stacked maps where the adapter knows their parts: the parts' own next to each other, zeros where there is none. */
export const stackedDelta =
  (config: DecoderConfig, delta: NonNullable<Lowering["delta"]>): NonNullable<Lowering["delta"]> =>
  (layer, linear, x) => {
    const parts: ReadonlyArray<Linear> | undefined = STACKS[linear as keyof typeof STACKS];
    if (config.fused || parts === undefined) return delta(layer, linear, x);
    const found = parts.map((part) => delta(layer, part, x));
    if (found.every((part) => part === undefined)) return undefined;
    const rows = x.shape[0] as Dim;
    const nothing = x.graph.constant("float32", 0);
    return ops.concat(
      found.map((part, i) => part ?? ops.expand(nothing, [rows, linearShape(config, parts[i] as Linear)[0]])),
      1,
    );
  };
