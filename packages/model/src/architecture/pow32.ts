/**
 * Powers in single precision as PyTorch computes them for a vector on a CPU, to the bit. It takes them from SLEEF's `powf` with an
 * error below 1 ulp (Shibata & Petrogalli, "SLEEF: a portable vectorized library of C standard mathematical functions", 2020):
 * log and exp in pairs of floats. Correctly rounded powers differ from these in about 1 of 50 places, by one ulp.
 */

const f32 = Math.fround;

/** A number as the sum of two floats, the larger first. */
type Pair = readonly [high: number, low: number];

const double = new Float64Array(1);
const doubleBits = new BigUint64Array(double.buffer);

/** `a · b + c` of floats, rounded once. */
const fma = (a: number, b: number, c: number): number => {
  const product = a * b; // exact: two floats of 24 bits
  const sum = product + c;
  const back = sum - product;
  const error = product - (sum - back) + (c - back);
  if (error === 0) return f32(sum);
  // Rounded to odd in double precision: the second rounding then sees on which side of a tie the sum lies.
  double[0] = sum;
  const bits = doubleBits[0] as bigint;
  if ((bits & 1n) === 0n) doubleBits[0] = error > 0 === sum > 0 ? bits + 1n : bits - 1n;
  return f32(double[0]);
};

const addFloats = (x: number, y: number): Pair => {
  const sum = f32(x + y);
  const back = f32(sum - x);
  return [sum, f32(f32(x - f32(sum - back)) + f32(y - back))];
};

const add = (x: Pair, y: Pair): Pair => {
  const [sum, error] = addFloats(x[0], y[0]);
  return [sum, f32(error + f32(x[1] + y[1]))];
};

const multiply = (x: Pair, y: Pair): Pair => {
  const product = f32(x[0] * y[0]);
  return [product, fma(x[0], y[1], fma(x[1], y[0], fma(x[0], y[0], -product)))];
};

const scale = (x: Pair, y: number): Pair => {
  const product = f32(x[0] * y);
  return [product, fma(x[1], y, fma(x[0], y, -product))];
};

const square = (x: Pair): Pair => {
  const product = f32(x[0] * x[0]);
  return [product, fma(f32(2 * x[0]), x[1], fma(x[0], x[0], -product))];
};

const divide = (x: Pair, y: Pair): Pair => {
  const inverse = f32(1 / y[0]);
  const quotient = f32(x[0] * inverse);
  const error = fma(-y[1], inverse, fma(-y[0], inverse, 1));
  return [quotient, fma(quotient, error, fma(x[1], inverse, fma(inverse, x[0], -quotient)))];
};

/** Coefficients of the two minimax polynomials (SLEEF 3), highest power first. */
const LOG = [0.2403203547, 0.285112679, 0.400007993].map(f32);
const LOG_CUBE: Pair = [f32(0.6666666269), f32(3.6918386126e-9)];
const EXP = [0.00136324647, 0.0083659696, 0.0416710824, 0.1666655242, 0.4999998509].map(f32);
const LN2: Pair = [f32(0.6931471824645996), f32(-1.904654323148236e-9)];
/** ln 2 in two parts of few bits, for the reduction of exp's argument. */
const LN2_PARTS = [0.693145751953125, 1.428606765330187e-6].map(f32);

const horner = (coefficients: ReadonlyArray<number>, x: number): number =>
  coefficients.reduce((sum, coefficient) => fma(sum, x, coefficient));

/** Natural logarithm of a positive normal float. */
const log = (x: number): Pair => {
  double[0] = f32(x * f32(4 / 3));
  const exponent = Number(((doubleBits[0] as bigint) >> 52n) & 0x7ffn) - 1023;
  const mantissa = x / 2 ** exponent; // 0.75 … 1.5
  const t = divide(addFloats(-1, mantissa), addFloats(1, mantissa));
  const t2 = square(t);
  const cube = multiply(multiply(t2, t), add(scale(t2, horner(LOG, t2[0])), LOG_CUBE));
  return add(add(scale(LN2, exponent), [2 * t[0], 2 * t[1]]), cube);
};

const exp = (x: Pair): number => {
  const turns = f32(f32(x[0] + x[1]) * f32(Math.LOG2E));
  const floor = Math.floor(turns);
  const half = turns - floor === 0.5;
  const whole = half ? floor + (floor % 2 === 0 ? 0 : 1) : Math.round(turns);
  const [a, b] = LN2_PARTS.reduce((rest: Pair, part) => add(rest, [f32(-whole * part), 0]), x);
  const high = f32(a + b);
  const reduced: Pair = [high, f32(f32(a - high) + b)];
  const tail = add(reduced, scale(square(reduced), horner(EXP, high)));
  const sum = add([1, 0], tail);
  return f32(sum[0] + sum[1]) * 2 ** whole;
};

/** `base ** exponent` for a positive float `base` and a float `exponent`, the result within float's normal range. */
export const pow32 = (base: number, exponent: number): number => exp(scale(log(base), exponent));
