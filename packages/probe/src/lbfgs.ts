/**
 * The limited-memory BFGS direction: −H g from the last few steps, by the two-loop
 * recursion (Nocedal and Wright, Numerical Optimization, algorithm 7.4).
 */

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

/** a += factor · b */
const addScaled = (a: Float64Array, factor: number, b: Float64Array): void => {
  for (let i = 0; i < a.length; i++) a[i] = (a[i] as number) + factor * (b[i] as number);
};

interface Pair {
  /** Change of the parameters in one step, and of the gradient. */
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

export interface Memory {
  /** The quasi-Newton descent direction for this gradient; −g while nothing is remembered. */
  direction(gradient: Float64Array): Float64Array;
  /** Remembers a step; one without positive curvature (possible only by rounding) is left out. */
  remember(step: Float64Array, gradientChange: Float64Array): void;
}

/** A memory of the last `size` steps. */
export const lbfgsMemory = (size: number): Memory => {
  const pairs: Pair[] = [];
  return {
    direction: (gradient) => {
      const q = gradient.slice();
      const alphas: number[] = [];
      for (const { s, y, rho } of pairs.toReversed()) {
        const alpha = rho * dot(s, q);
        alphas.push(alpha);
        addScaled(q, -alpha, y);
      }
      const last = pairs.at(-1);
      const scale = last === undefined ? 1 : 1 / (last.rho * dot(last.y, last.y));
      for (let i = 0; i < q.length; i++) q[i] = (q[i] as number) * scale;
      for (const { s, y, rho } of pairs) addScaled(q, (alphas.pop() as number) - rho * dot(y, q), s);
      return q.map((value) => -value);
    },
    remember: (s, y) => {
      const curvature = dot(s, y);
      if (!(curvature > 0)) return;
      pairs.push({ s, y, rho: 1 / curvature });
      if (pairs.length > size) pairs.shift();
    },
  };
};
