/** Rotary frequencies with the scaling rules of Hugging Face's `modeling_rope_utils`. */
import type { RopeConfig } from "./config.ts";

/** Angular frequency of each pair, `[headDim / 2]`, radians per position. */
export const inverseFrequencies = ({ theta, scaling }: RopeConfig, headDim: number): Float64Array => {
  const half = headDim / 2;
  const base = Float64Array.from({ length: half }, (_, i) => theta ** ((-2 * i) / headDim));
  switch (scaling.type) {
    case "default":
      return base;
    case "linear":
      return base.map((f) => f / scaling.factor);
    case "llama3": {
      // Long wavelengths are stretched by `factor`, short ones kept, the band between is blended.
      const { factor, lowFreqFactor: low, highFreqFactor: high, originalMaxPositions: original } = scaling;
      return base.map((f) => {
        const wavelength = (2 * Math.PI) / f;
        if (wavelength < original / high) return f;
        if (wavelength > original / low) return f / factor;
        const smooth = (original / wavelength - low) / (high - low);
        return ((1 - smooth) * f) / factor + smooth * f;
      });
    }
  }
};

export interface RopeTables {
  /** `[positions, headDim / 2]`, row-major. */
  readonly cos: Float32Array<ArrayBuffer>;
  readonly sin: Float32Array<ArrayBuffer>;
  readonly positions: number;
}

export const ropeTables = (rope: RopeConfig, headDim: number, positions: number): RopeTables => {
  // Angles are f32 products of f32 frequencies, as the reference computes them.
  const frequencies = Float32Array.from(inverseFrequencies(rope, headDim));
  const half = headDim / 2;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(p * (frequencies[i] as number));
      cos[p * half + i] = Math.cos(angle);
      sin[p * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin, positions };
};
