/**
 * Forward programs over whole sequences: built for exactly what is asked, so that nothing else is computed or copied out.
 * Rows are right-padded to `[batch, token]`; vectors leave the program only at the flat token indices in `capture_index`.
 */
import { Graph, ops, type Program, programOf, type Tensor } from "@precipice/onnx";
import type { Checkpoint } from "../checkpoint.ts";
import { causalAttention, packedPlaces } from "../decoder/attention.ts";
import { blocks, embed, finalNorm, type Lowering, unembed } from "../decoder/block.ts";
import { cachedAttention } from "../decoder/cached-attention.ts";
import { directionHook } from "../decoder/direction-edit.ts";
import { headScaleHook, type RenormMode } from "../decoder/head-scale.ts";
import { type LoraShape, loraInputs } from "../decoder/lora.ts";
import { FINAL_NORMALIZED, residPost, type Site, siteWidth } from "../decoder/sites.ts";
import { decoderWeights } from "../decoder/weights.ts";
import { DecoderError } from "../errors.ts";
import { finalScale, headContributions, streamContributions } from "./head-contributions.ts";
import { type EffectRenorm, headEffects } from "./head-effects.ts";

export interface ForwardRequest {
  /** Longest sequence the program takes (size of the rotary tables). */
  readonly maxTokens: number;
  /** Logits at the captured tokens: output `logits [capture, vocab]`. */
  readonly logits?: boolean;
  /** Vectors at the captured tokens: an output per site, `[capture, width]`. */
  readonly capture?: ReadonlyArray<Site>;
  /** Captured vectors leave the program as f32 (default) or rounded to f16. */
  readonly captureDtype?: "float32" | "float16" | undefined;
  /** Attention probabilities of these layers: outputs `blocks.N.attn.hook_pattern [batch, head, query, key]`. */
  readonly patterns?: ReadonlyArray<number>;
  /** The same of the captured tokens alone: outputs `blocks.N.attn.pattern_rows [capture, head, key]`, keys of the row's own batch row. */
  readonly patternRows?: ReadonlyArray<number> | undefined;
  /** Projections of a site on given directions at every token: input `projection.N [d, k]`, output `score.N [batch * token, k]`. */
  readonly projections?: ReadonlyArray<{ readonly site: Site; readonly count: number }>;
  /**
   * Every head's contribution along input `directions [direction, d_model]` at the captured tokens: output
   * `head_contribution [layer, capture, direction, head]`.
   */
  readonly headContributions?: boolean;
  /**
   * Everything else that writes into the residual stream, along the same `directions`: output
   * `stream_contribution [1 + layer, capture, direction]`, the embedding first, then each MLP.
   */
  readonly streamContributions?: boolean;
  /**
   * First-order change of `effect_direction [d]` · site, summed over a row's captured tokens, when a head is ablated where
   * `effect_gate [batch, token]` is 1: output `head_effect [layer, batch, head]`. Brings a backward pass; needs whole rows.
   */
  readonly headEffects?: { readonly site: Site; readonly renorm: EffectRenorm } | undefined;
  /** `1 / rms` of the residual stream at the captured tokens, what the final norm multiplies with: output `final_scale [capture]`. */
  readonly finalScale?: boolean;
  /** Scale heads: inputs `head_scale [layer, head]`, `head_gate [batch * token]`. */
  readonly headScale?: RenormMode | undefined;
  /** Edit the stream along a direction: inputs of `directionFeeds`, and `edit_gate [batch * token]`. */
  readonly directionEdit?: boolean | undefined;
  /** An adapter given at run time, by PEFT's parameter names. */
  readonly lora?: LoraShape | undefined;
  /** Gathers every token: `capture_index` is not an input, the outputs' first axis is batch · token. */
  readonly everyToken?: boolean;
  /**
   * The tokens follow cached ones: inputs `past_length`, `key.N`, `value.N` and, for longrope, `sequence_length` (see
   * `cachedAttention`), output `new_kv [2 · layers, batch, kv_heads, token, d_head]`. No patterns, no `tensor` renormalisation.
   */
  readonly past?: boolean;
}

export const ROWS = "batch*token";

export interface SequenceGraph
  extends Pick<ForwardRequest, "maxTokens" | "lora" | "headScale" | "directionEdit" | "patterns" | "past"> {
  readonly name?: string;
  readonly observe?: (site: Site, value: Tensor) => void;
  readonly onPattern?: ((layer: number, pattern: Tensor) => void) | undefined;
  /** Weights that are graph inputs instead of initializers. */
  readonly given?: ReadonlySet<string> | undefined;
  /** The only layer whose adapter is needed. */
  readonly layer?: number | undefined;
  /** Dropout where the adapter has one. */
  readonly training?: boolean | undefined;
  /** Several rows per sequence: inputs `segments`, `positions` `[batch, token]`. */
  readonly packed?: boolean | undefined;
}

/** What graphs are built from: a checkpoint, or its config and the shapes of its tensors alone. */
export type DecoderSource = Pick<Checkpoint, "dataFolder" | "config" | "weights">;

/** What a graph over sequences, or over a part of the way through the decoder, starts from. */
export const sequenceGraph = (checkpoint: DecoderSource, request: SequenceGraph) => {
  const { config } = checkpoint;
  const { name = "forward", observe = () => {}, given: trained = new Set<string>(), layer } = request;
  const graph = new Graph(name);
  const ids = graph.input("input_ids", "int64", ["batch", "token"]);
  const lora =
    request.lora === undefined
      ? undefined
      : loraInputs(graph, config, request.lora, { layer, training: request.training });
  const scale = request.headScale === undefined ? undefined : headScaleHook(graph, config, request.headScale, ROWS);
  const edit = request.directionEdit === true ? directionHook(graph, config, ROWS) : undefined;
  const cached = request.past === true ? cachedAttention(ids, config, request.maxTokens) : undefined;
  const whole = () =>
    causalAttention(ids, config, request.maxTokens, {
      ...(request.packed === true ? { packed: packedPlaces(graph) } : {}),
      onPattern: (layer, pattern) => {
        if (request.patterns?.includes(layer)) graph.output(`blocks.${layer}.attn.hook_pattern`, pattern);
        request.onPattern?.(layer, pattern);
      },
    });
  const lowering: Lowering = {
    config,
    ...decoderWeights(graph, checkpoint, { trained }),
    attend: cached?.attend ?? whole(),
    hook: (site, value) => {
      const scaled = scale?.(site, value) ?? value;
      const changed = edit?.(site, scaled) ?? scaled;
      observe(site, changed);
      return changed;
    },
    delta: lora?.delta,
  };
  return { graph, ids, lowering, lora, cached };
};

/** The whole way from ids to the residual stream before the final norm; the training programs use it too. */
export const forwardGraph = (checkpoint: DecoderSource, request: SequenceGraph) => {
  const { cached, ...start } = sequenceGraph(checkpoint, request);
  const stream = blocks(start.lowering, embed(start.lowering, start.ids, ROWS)); // [batch·token, d_model]
  if (cached !== undefined) start.graph.output("new_kv", cached.newKeysAndValues());
  return { ...start, stream };
};

/** Build the program of a request. Throws `DecoderError` for unknown sites, and for what cannot be had in parts. */
export const forwardProgram = (checkpoint: Checkpoint, request: ForwardRequest): Program =>
  programOf(requestGraph(checkpoint, request), checkpoint.dataFolder);

/** The graph of that program. */
export const requestGraph = (checkpoint: DecoderSource, request: ForwardRequest): Graph => {
  const { capture = [], projections = [], headEffects: effects } = request;
  const { layers, hidden } = checkpoint.config;
  const effectSites = effects === undefined ? [] : [effects.site];
  for (const site of [...capture, ...projections.map((p) => p.site), ...effectSites])
    siteWidth(checkpoint.config, site);
  const { patternRows = [] } = request;
  for (const layer of [...(request.patterns ?? []), ...patternRows]) siteWidth(checkpoint.config, residPost(layer)); // is there such a layer?
  if (request.past === true && needsWholeRows(request))
    throw new DecoderError({ what: "past", problem: "patterns, head effects and renorm tensor need whole rows" });
  const seen = new Map<Site, Tensor>();
  const wanted = new Set<Site>([...capture, ...projections.map((p) => p.site), ...effectSites]);
  const writers = ["hook_embed", ...Array.from({ length: layers }, (_, l) => `blocks.${l}.hook_mlp_out`)];
  if (request.streamContributions === true) for (const site of writers) wanted.add(site);
  const zs: Tensor[] = [];
  const observe = (site: Site, value: Tensor) => {
    if (wanted.has(site)) seen.set(site, value);
    if ((request.headContributions === true || effects !== undefined) && site.endsWith("attn.hook_z")) zs.push(value);
  };
  const patterns = new Map<number, Tensor>();
  const onPattern = (layer: number, pattern: Tensor) => {
    if (patternRows.includes(layer)) patterns.set(layer, pattern);
  };
  const { graph, lowering, stream } = forwardGraph(checkpoint, { ...request, observe, onPattern });

  const index = request.everyToken === true ? undefined : graph.input("capture_index", "int64", ["capture"]);
  const at = (x: Tensor) => (index === undefined ? x : ops.gather(x, index)); // [capture, …]
  const rounded = (x: Tensor) => (request.captureDtype === "float16" ? ops.cast(x, "float16") : x);
  const normedEverywhere = projections.some((p) => p.site === FINAL_NORMALIZED);
  const needsFinal = request.logits === true || wanted.has(FINAL_NORMALIZED);
  if (needsFinal) {
    // The norm is per token, so gathering first is the same and cheaper, unless every token's score is asked for.
    const normed = normedEverywhere ? at(finalNorm(lowering, stream)) : finalNorm(lowering, at(stream));
    if (request.logits === true) graph.output("logits", unembed(lowering, normed)); // [capture, vocab]
    if (capture.includes(FINAL_NORMALIZED)) graph.output(FINAL_NORMALIZED, rounded(normed));
  }
  for (const site of capture) if (site !== FINAL_NORMALIZED) graph.output(site, rounded(at(seen.get(site) as Tensor)));
  for (const [layer, pattern] of patterns) {
    const byToken = ops.transpose(pattern, [0, 2, 1, 3]); // [batch, query, head, key]
    const flat = ops.reshape(byToken, [ROWS, checkpoint.config.heads, "token"]);
    graph.output(`blocks.${layer}.attn.pattern_rows`, at(flat)); // [capture, head, key]
  }
  projections.forEach(({ site, count }, i) => {
    const value = seen.get(site) as Tensor; // [batch·token, d]
    const directions = graph.input(`projection.${i}`, "float32", [value.shape[1] as number, count]);
    graph.output(`score.${i}`, ops.gemm(value, directions)); // [batch·token, count]
  });
  if (request.headContributions === true || request.streamContributions === true) {
    const directions = graph.input("directions", "float32", ["direction", hidden]);
    if (request.headContributions === true)
      graph.output("head_contribution", headContributions(lowering, zs.map(at), directions));
    if (request.streamContributions === true) {
      const written = writers.map((site) => at(seen.get(site) as Tensor));
      graph.output("stream_contribution", streamContributions(written, directions));
    }
  }
  if (effects !== undefined) {
    const direction = graph.input("effect_direction", "float32", [siteWidth(checkpoint.config, effects.site)]);
    const value = seen.get(effects.site) as Tensor; // gathered already where the final norm was taken of gathered tokens
    const reading = effects.site === FINAL_NORMALIZED && !normedEverywhere ? value : at(value);
    const gate = graph.input("effect_gate", "float32", ["batch", "token"]);
    graph.output("head_effect", headEffects(checkpoint.config, zs, reading, direction, gate, effects.renorm));
  }
  if (request.finalScale === true) graph.output("final_scale", finalScale(lowering, at(stream)));
  return graph;
};

/** Patterns, gradients and a norm over the whole tensor are no sums of parts: such a request cannot run in chunks. */
export const needsWholeRows = ({
  patterns = [],
  patternRows = [],
  headScale,
  headEffects,
}: Pick<ForwardRequest, "patterns" | "patternRows" | "headScale" | "headEffects">): boolean =>
  patterns.length + patternRows.length > 0 || headScale === "tensor" || headEffects !== undefined;
