/**
 * What every attention head writes along a probe's direction at chosen tokens (paper §4.1, eq. 4, without its bias term, which
 * only shifts all heads alike): c(l, h) = (W_O^(h) z_{l,h}) · w / ‖w‖, all heads of all layers in one forward pass.
 */
import { Analyzer, type Checkpoint, FINAL_NORMALIZED, residPost, type Site } from "@precipice/model";
import { floats } from "@precipice/onnx";

export interface ProbeDirection {
  readonly site: Site;
  /** `[d_model]` */
  readonly weights: Float32Array;
}

export interface AttributionOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onRows?: (done: number, total: number) => void;
}

export interface Attribution {
  /** Per layer and head (row-major), one value per row: in the probe's own space. */
  readonly contributions: ReadonlyArray<Float64Array>;
  /** The same without the final norm's gain and scale. */
  readonly raw: ReadonlyArray<Float64Array>;
}

/**
 * The last layer whose heads write into a residual-stream site, -1 for none. Throws a RangeError for any other site: what a
 * head adds there is no projection of its output.
 */
export const lastWritingLayer = (site: Site, layers: number): number => {
  if (site === FINAL_NORMALIZED) return layers - 1;
  const [, layer, part] = /^blocks\.(\d+)\.hook_resid_(pre|mid|post)$/.exec(site) ?? [];
  if (layer === undefined || Number(layer) >= layers) {
    throw new RangeError(
      `heads cannot be attributed at ${site}; use a site of the residual stream, blocks.N.hook_resid_{pre, mid, post} with N < ${layers}, or ${FINAL_NORMALIZED}`,
    );
  }
  return part === "pre" ? Number(layer) - 1 : Number(layer);
};

const norm = (v: Float32Array): number => Math.sqrt(v.reduce((s, x) => s + x * x, 0));

/**
 * Contributions at token `at[row]` of each row. When the probe reads the stream after the final norm, its gain is folded into
 * the direction and its per-token scale multiplied in, so that contribution and probe live in one space. Heads after the site's
 * layer get the number they would have; see `lastWritingLayer`. Throws a RangeError for a direction that is zero or of another
 * width, and for a site that is not of the residual stream.
 */
export const attributeHeads = async (
  checkpoint: Checkpoint,
  rows: ReadonlyArray<ArrayLike<number>>,
  at: ReadonlyArray<number>,
  { site, weights }: ProbeDirection,
  { signal, onRows }: AttributionOptions = {},
): Promise<Attribution> => {
  const { layers, heads, hidden, rmsEpsilon } = checkpoint.config;
  lastWritingLayer(site, layers);
  const length = norm(weights);
  if (weights.length !== hidden || !(length > 0))
    throw new RangeError(
      `the probe's direction has ${weights.length} weights of norm ${length}; the model is ${hidden} wide`,
    );
  const folds = site === FINAL_NORMALIZED;
  const gain = folds ? checkpoint.floats("model.norm.weight") : undefined;
  const direction = gain === undefined ? weights : weights.map((w, i) => w * (gain[i] as number));
  const lastStream = residPost(layers - 1);
  const empty = () => Array.from({ length: layers * heads }, () => new Float64Array(rows.length));
  const contributions = empty();
  const raw = empty();
  const run = async (along: Float32Array, into: (cell: number, row: number, value: number, scale: number) => void) => {
    await using analyzer = await Analyzer.open(checkpoint, {
      headContributions: true,
      capture: folds ? [lastStream] : [],
    });
    const feeds = { direction: { dtype: "float32", dims: [hidden], data: along } } as const;
    for await (const { captured, outputs } of analyzer.run({
      rows,
      captureAt: (row) => [at[row] as number],
      feeds,
      signal,
      onRows,
    })) {
      const values = floats(outputs["head_contribution"]); // [layer, capture, head]
      const stream = folds ? floats(outputs[lastStream]) : undefined; // [capture, d_model]
      captured.forEach(({ row }, i) => {
        const x = stream?.subarray(i * hidden, (i + 1) * hidden);
        const scale = x === undefined ? 1 : 1 / Math.sqrt(norm(x) ** 2 / hidden + rmsEpsilon);
        for (let l = 0; l < layers; l++) {
          for (let h = 0; h < heads; h++)
            into(l * heads + h, row, (values[(l * captured.length + i) * heads + h] as number) / length, scale);
        }
      });
    }
  };
  await run(direction, (cell, row, value, scale) => {
    (contributions[cell] as Float64Array)[row] = value * scale;
    (raw[cell] as Float64Array)[row] = value;
  });
  if (folds) {
    await run(weights, (cell, row, value) => {
      (raw[cell] as Float64Array)[row] = value;
    });
  }
  return { contributions, raw };
};
