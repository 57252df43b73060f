/** How much may be taken: a number of rows, a share of the pool, or a number of training tokens. */

/** The paper's 700 of 40,000. */
export const DEFAULT_FRACTION = 0.017;

export interface Budget {
  /** How many to take. Give one of `count`, `fraction` and `tokens`. */
  readonly count?: number | undefined;
  /** Share of the pool to take, rounded, at least one row. Default 0.017, the paper's 700 of 40,000. */
  readonly fraction?: number | undefined;
  /** Training tokens to take at most: rows in order of rank, up to the first that would exceed it; at least one row. */
  readonly tokens?: number | undefined;
}

/** Throws a RangeError for a budget that makes no sense. */
export const checkBudget = ({ count, fraction, tokens }: Budget): void => {
  if ([count, fraction, tokens].filter((one) => one !== undefined).length > 1)
    throw new RangeError("give count, fraction or tokens, not both of two");
  if (fraction !== undefined && !(fraction > 0 && fraction <= 1))
    throw new RangeError(`fraction must be in (0, 1], got ${fraction}`);
  for (const [name, value] of Object.entries({ count, tokens }))
    if (value !== undefined && !(Number.isInteger(value) && value > 0))
      throw new RangeError(`${name} must be a positive integer, got ${value}`);
};

/**
 * How many of the rows in `order` are within the budget; `pool` is what a fraction is of. A token budget needs `tokensOf`;
 * throws a RangeError naming the first row whose tokens are not known.
 */
export const rowsWithin = (
  order: ArrayLike<number>,
  pool: number,
  { count, fraction, tokens }: Budget,
  tokensOf: (row: number) => number,
): number => {
  if (tokens === undefined)
    return Math.min(order.length, count ?? Math.max(1, Math.round(pool * (fraction ?? DEFAULT_FRACTION))));
  let sum = 0;
  for (let i = 0; i < order.length; i++) {
    const cost = tokensOf(order[i] as number);
    if (Number.isNaN(cost))
      throw new RangeError(`a budget in tokens needs the tokens of every row: number ${i + 1} has none`);
    sum += cost;
    if (sum > tokens && i > 0) return i;
  }
  return order.length;
};

/** The budget in words. */
export const describeBudget = ({ tokens }: Budget, rows: number): string =>
  tokens === undefined ? `the budget of ${rows}` : `the budget of ${tokens} tokens`;
