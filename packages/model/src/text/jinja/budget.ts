/**
 * What one template may cost. A template is somebody else's program: it is stopped by counts of what it does and makes, the same
 * on every machine, before memory is short.
 */

/** What a template does that Jinja2 would refuse, or that is not supported here; the message names it. */
export class JinjaError extends Error {}

export interface Budget {
  /** Expressions and statements that are run, items that are walked. */
  readonly steps: number;
  /** Bytes of the texts, lists and dictionaries that are made, kept or not: a character and a byte are counted alike. */
  readonly bytes: number;
}

/** Of a template without input; every character of the input adds to it, up to the ends. */
const STEPS = { least: 2_000_000, perCharacter: 100, most: 20_000_000 };
const BYTES = { least: 1 << 25, perCharacter: 1024, most: 1 << 30 };

/** Calls of macros and recursive loops within each other, brackets and blocks of a source, levels of a value that is printed. */
export const DEEPEST = 200;
/** The longest source: real templates have a tenth of it at most. */
export const LONGEST_SOURCE = 250_000;
/** Bits of the largest whole number; Python prints none of more than 4,300 digits. */
const MOST_BITS = 1 << 16;
/** Bytes of an item in a list, and of an entry in a dictionary. */
const ITEM = 16;
const ENTRY = 64;

/** Of what has an end anyway, such as reading a source of bounded length. */
export const UNBOUNDED: Budget = { steps: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
let whole = UNBOUNDED;
let steps = whole.steps;
let bytes = whole.bytes;
let depth = 0;

/** The budget for an input of so many characters. */
export const budgetFor = (characters: number): Budget => ({
  steps: Math.min(STEPS.least + characters * STEPS.perCharacter, STEPS.most),
  bytes: Math.min(BYTES.least + characters * BYTES.perCharacter, BYTES.most),
});

/** Do the work within a budget. Throws `JinjaError` where it is spent, and where the work is nested too deep. */
export const within = <A>(budget: Budget, work: () => A): A => {
  whole = budget;
  steps = budget.steps;
  bytes = budget.bytes;
  depth = 0;
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError && /call stack/i.test(error.message)) throw new JinjaError("is nested too deep");
    throw error;
  } finally {
    whole = UNBOUNDED;
    steps = whole.steps;
    bytes = whole.bytes;
  }
};

const count = (n: number): string => n.toLocaleString("en");

/** One more step. */
export const step = (): void => {
  steps -= 1;
  if (steps < 0) throw new JinjaError(`takes more than ${count(whole.steps)} steps, as many as a template may take`);
};

/** So many bytes or characters more. Throws before they are made where it is called before. */
export const spend = (size: number): void => {
  bytes -= size;
  if (!(bytes >= 0))
    throw new JinjaError(
      `makes more than ${count(whole.bytes)} characters of text and bytes of lists, as much as a template may make`,
    );
};
export const spendItems = (items: number): void => spend(items * ITEM);
export const spendEntry = (): void => spend(ENTRY);

/** The size of something that is about to be made, counted. */
export const bounded = (size: number): number => {
  spend(size);
  return size;
};

/** Work one level deeper. */
export const deeper = <A>(work: () => A): A => {
  depth += 1;
  if (depth > DEEPEST) throw new JinjaError(`calls itself deeper than ${DEEPEST} levels`);
  try {
    return work();
  } finally {
    depth -= 1;
  }
};

/** Places behind a decimal point, or digits of a number, that a format asks for. */
export const boundedDigits = (digits: number): number => {
  if (!(Math.abs(digits) <= MOST_BITS))
    throw new JinjaError(`asks for ${digits} digits, more than ${count(MOST_BITS)}`);
  return digits;
};

const LARGE = 1n << 64n;
const isLarge = (value: bigint): boolean => value >= LARGE || value <= -LARGE;
const bitsOf = (value: bigint): number => (isLarge(value) ? value.toString(16).length * 4 : value.toString(2).length);
const boundedBits = (bits: number): void => {
  if (bits > MOST_BITS) throw new JinjaError(`makes a number of more than ${count(MOST_BITS)} bits`);
};

/** Refuses a product of more bits than a number of a template may have. */
export const boundedProduct = (a: bigint, b: bigint): void => {
  if (isLarge(a) || isLarge(b)) boundedBits(bitsOf(a) + bitsOf(b));
};
/** The same of a power. */
export const boundedPower = (base: bigint, exponent: bigint): void => {
  if (base > 1n || base < -1n) boundedBits(bitsOf(base) * Number(exponent));
};
