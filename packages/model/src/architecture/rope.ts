/** Rotary frequencies with the scaling rules of Hugging Face's `modeling_rope_utils`. */
import type { RopeConfig } from "./config.ts";

const f32 = Math.fround;

/** Angular frequency of each pair, `[dim / 2]`, radians per position; `long` chooses longrope's second list. */
export const inverseFrequencies = ({ theta, scaling }: RopeConfig, dim: number, long = false): Float64Array => {
  // Rounded to f32 wherever the reference rounds: frequencies equal to the bit keep angles equal at any position.
  const base = Float64Array.from({ length: dim / 2 }, (_, i) => f32(1 / f32(theta ** f32((2 * i) / dim))));
  switch (scaling.type) {
    case "default":
      return base;
    case "linear":
      return base.map((f) => f32(f / scaling.factor));
    case "llama3": {
      // Long wavelengths are stretched by `factor`, short ones kept, the band between is blended.
      const { factor, lowFreqFactor: low, highFreqFactor: high, originalMaxPositions: original } = scaling;
      return base.map((f) => {
        const wavelength = f32(f32(2 * Math.PI) / f);
        if (wavelength < original / high) return f;
        if (wavelength > original / low) return f32(f / factor);
        const smooth = f32(f32(f32(original / wavelength) - low) / (high - low));
        return f32(f32(f32(f32(1 - smooth) * f) / factor) + f32(smooth * f));
      });
    }
    case "yarn": {
      // Pairs that turn often within the original length are kept, those that hardly turn are stretched, a ramp between.
      const { factor, betaFast, betaSlow, originalMaxPositions: original } = scaling;
      const pairTurning = (turns: number) => (dim * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
      const low = Math.max(Math.floor(pairTurning(betaFast)), 0);
      const high = Math.min(Math.ceil(pairTurning(betaSlow)), dim - 1);
      return base.map((f, i) => {
        const ramp = Math.min(1, Math.max(0, (i - low) / Math.max(high - low, 0.001)));
        return f * (1 - ramp + ramp / factor);
      });
    }
    case "longrope": {
      const factors = long ? scaling.longFactor : scaling.shortFactor;
      return base.map((f, i) => f / (factors[i] as number));
    }
  }
};

/** What cos and sin are multiplied by. */
export const attentionFactor = ({ scaling }: RopeConfig): number =>
  "attentionFactor" in scaling ? scaling.attentionFactor : 1;

/** Length in tokens up to which longrope takes its short list; undefined for other kinds. */
export const longRopeFrom = ({ scaling }: RopeConfig): number | undefined =>
  scaling.type === "longrope" ? scaling.originalMaxPositions : undefined;

export interface RopeTables {
  /** `[positions, dim / 2]`, row-major. */
  readonly cos: Float32Array<ArrayBuffer>;
  readonly sin: Float32Array<ArrayBuffer>;
  readonly positions: number;
}

/** cos and sin of the angle of every position and pair, for positions 0 … `positions` − 1. */
export const ropeTables = (rope: RopeConfig, dim: number, positions: number, long = false): RopeTables => {
  // Angles are f32 products of f32 frequencies, as the reference computes them.
  const frequencies = Float32Array.from(inverseFrequencies(rope, dim, long));
  const factor = attentionFactor(rope);
  const half = dim / 2;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(p * (frequencies[i] as number));
      cos[p * half + i] = Math.fround(Math.cos(angle)) * factor;
      sin[p * half + i] = Math.fround(Math.sin(angle)) * factor;
    }
  }
  return { cos, sin, positions };
};
