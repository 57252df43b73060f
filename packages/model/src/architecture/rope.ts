/**
 * Rotary frequencies with the scaling rules of Hugging Face's `modeling_rope_utils`, rounded to single precision wherever PyTorch
 * rounds: frequencies equal to the bit keep angles equal at any position.
 */
import type { RopeConfig, RopeScaling } from "./config.ts";
import { pow32 } from "./pow32.ts";

const f32 = Math.fround;
/** PyTorch divides a number by a tensor as the tensor's reciprocals times the number. */
const reciprocal = (x: number): number => f32(1 / x);

/** Floats that PyTorch's vector loop takes at a time on a CPU with AVX-512; what is left over goes through the C library. */
const BLOCK = 32;

/** Positions per radian of each pair, `theta ** (2 i / dim)`, `[dim / 2]`. */
const wavelengths = (theta: number, dim: number): Float64Array => {
  const pairs = dim / 2;
  const base = f32(theta);
  const inBlocks = pairs - (pairs % BLOCK);
  return Float64Array.from({ length: pairs }, (_, i) => {
    const exponent = f32((2 * i) / dim);
    return i < inBlocks ? pow32(base, exponent) : f32(base ** exponent);
  });
};

/** Angular frequency of each pair, `[dim / 2]`, radians per position; `long` chooses longrope's second list. */
export const inverseFrequencies = ({ theta, scaling }: RopeConfig, dim: number, long = false): Float64Array => {
  const powers = wavelengths(theta, dim);
  switch (scaling.type) {
    case "default":
      return powers.map(reciprocal);
    case "linear":
      return powers.map((power) => f32(reciprocal(power) / f32(scaling.factor)));
    case "llama3":
      return powers.map((power) => llama3Frequency(reciprocal(power), scaling));
    case "yarn":
      return yarnFrequencies(powers, theta, scaling);
    case "longrope": {
      const factors = long ? scaling.longFactor : scaling.shortFactor;
      return powers.map((power, i) => reciprocal(f32(f32(factors[i] as number) * power)));
    }
  }
};

/** Long wavelengths are stretched by `factor`, short ones kept, the band between is blended. */
const llama3Frequency = (
  frequency: number,
  {
    factor,
    lowFreqFactor: low,
    highFreqFactor: high,
    originalMaxPositions: original,
  }: RopeScaling & { type: "llama3" },
): number => {
  const wavelength = f32(reciprocal(frequency) * f32(2 * Math.PI));
  if (wavelength < f32(original / high)) return frequency;
  if (wavelength > f32(original / low)) return f32(frequency / f32(factor));
  const turns = f32(reciprocal(wavelength) * f32(original));
  const smooth = f32(f32(turns - f32(low)) / f32(high - low));
  return f32(f32(f32(f32(1 - smooth) * frequency) / f32(factor)) + f32(smooth * frequency));
};

/** Pairs that turn often within the original length are kept, those that hardly turn are stretched, a ramp between. */
const yarnFrequencies = (
  powers: Float64Array,
  theta: number,
  { factor, betaFast, betaSlow, originalMaxPositions, truncate }: RopeScaling & { type: "yarn" },
): Float64Array => {
  const dim = 2 * powers.length;
  const pairTurning = (turns: number) =>
    (dim * Math.log(originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [fast, slow] = [pairTurning(betaFast), pairTurning(betaSlow)];
  const low = Math.max(truncate ? Math.floor(fast) : fast, 0);
  const high = Math.min(truncate ? Math.ceil(slow) : slow, dim - 1);
  const width = low === high ? high + 0.001 - low : high - low;
  return powers.map((power, i) => {
    const ramp = Math.min(1, Math.max(0, f32(f32(i - f32(low)) / f32(width))));
    const kept = f32(1 - ramp);
    const stretched = reciprocal(f32(f32(factor) * power));
    return f32(f32(stretched * f32(1 - kept)) + f32(reciprocal(power) * kept));
  });
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
  const factor = f32(attentionFactor(rope));
  const half = dim / 2;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < half; i++) {
      const angle = f32(p * (frequencies[i] as number));
      cos[p * half + i] = f32(Math.cos(angle)) * factor;
      sin[p * half + i] = f32(Math.sin(angle)) * factor;
    }
  }
  return { cos, sin, positions };
};
