/** The logistic function, from a logit to a probability. */

/** 1 / (1 + e⁻ᶻ), without overflow for large |z|. */
export const sigmoid = (z: number): number => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));
