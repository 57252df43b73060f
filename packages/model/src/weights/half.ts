/** 16-bit floats as raw bits: IEEE half (f16) and bfloat16, to and from f32 with round-to-nearest-even. */
const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

const bitsOf = (x: number): number => {
  f32[0] = x;
  return u32[0] as number;
};
const ofBits = (bits: number): number => {
  u32[0] = bits >>> 0;
  return f32[0] as number;
};

/** The number that bfloat16 `bits` stand for. */
export const fromBfloat16 = (bits: number): number => ofBits(bits << 16);

/** Bits of the nearest bfloat16. */
export const toBfloat16 = (x: number): number => {
  const bits = bitsOf(x);
  if (Number.isNaN(x)) return ((bits >>> 16) | 0x40) & 0xffff;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
};

/** The number that IEEE half `bits` stand for. */
export const fromFloat16 = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

/** Bits of the nearest IEEE half; 65520 and more become infinity. */
export const toFloat16 = (x: number): number => {
  const bits = bitsOf(x);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds to 65520 or more: infinity
  if (magnitude < 0x38800000) {
    // below 2^-14: subnormal, a multiple of 2^-24
    const scaled = Math.abs(x) * 2 ** 24;
    const floor = Math.floor(scaled);
    const rest = scaled - floor;
    return sign | (floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0));
  }
  const rebased = magnitude - 0x38000000;
  return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
};
