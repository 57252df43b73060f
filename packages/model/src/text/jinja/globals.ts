/** The functions that every template may call. */
import { str } from "./print.ts";
import { bind, func, intArg } from "./signature.ts";
import { strftime } from "./strftime.ts";
import {
  Dict,
  Func,
  Instance,
  iterate,
  JinjaError,
  Namespace,
  Range,
  typeName,
  Undefined,
  undefinedUsed,
  type Value,
} from "./values.ts";

/** The sandbox allows no longer range. */
const LONGEST_RANGE = 100_000;

const range = ({ positional }: { readonly positional: readonly Value[] }): Value => {
  const numbers = positional.map((value) => {
    if (value instanceof Undefined) throw undefinedUsed(value);
    return BigInt(intArg(value, 0));
  });
  if (numbers.length === 0 || numbers.length > 3) throw new JinjaError("range expected 1 to 3 arguments");
  const [first, second, step = 1n] = numbers as [bigint, bigint?, bigint?];
  if (step === 0n) throw new JinjaError("range() arg 3 must not be zero");
  const result = second === undefined ? new Range(0n, first, 1n) : new Range(first, second, step);
  if (result.length > LONGEST_RANGE)
    throw new JinjaError(`Range too big. The sandbox blocks ranges larger than MAX_RANGE (${LONGEST_RANGE}).`);
  return result;
};

const dictOf =
  (name: string) => (args: { readonly positional: readonly Value[]; readonly named: ReadonlyMap<string, Value> }) => {
    const [source, more] = args.positional;
    if (more !== undefined) throw new JinjaError(`${name} expected at most 1 argument, got ${args.positional.length}`);
    const dict = new Dict(source instanceof Dict ? source.entries() : []);
    if (source !== undefined && !(source instanceof Dict)) {
      if (source === null) throw new JinjaError(`'${typeName(source)}' object is not iterable`);
      for (const pair of iterate(source)) {
        const [key, value, rest] = [...iterate(pair)];
        if (key === undefined || value === undefined || rest !== undefined)
          throw new JinjaError(`${name}: an element has not two items`);
        dict.set(key, value);
      }
    }
    for (const [key, value] of args.named) dict.set(key, value);
    return dict;
  };

const cycler = ({ positional }: { readonly positional: readonly Value[] }): Value => {
  if (positional.length === 0) throw new JinjaError("at least one item has to be provided");
  let at = 0;
  const current = (): Value => positional[at] as Value;
  const next = func("next", [], () => {
    const value = current();
    at = (at + 1) % positional.length;
    return value;
  });
  const reset = func("reset", [], () => {
    at = 0;
    return null;
  });
  return new Instance("Cycler", (name) =>
    name === "next"
      ? next
      : name === "reset"
        ? reset
        : name === "current"
          ? current()
          : name === "pos"
            ? BigInt(at)
            : undefined,
  );
};

const joiner = (args: Parameters<Func["call"]>[0]): Value => {
  const [separator = ", "] = bind("joiner", ["sep?"], args);
  let used = false;
  return new Instance(
    "Joiner",
    (name) => (name === "sep" ? separator : name === "used" ? used : undefined),
    () => {
      const first = !used;
      used = true;
      return first ? "" : separator;
    },
  );
};

/** The names a template finds, with the date that `strftime_now` tells. */
export const globals = (now: Date): ReadonlyMap<string, Value> =>
  new Map<string, Value>([
    ["range", new Func("range", range)],
    ["dict", new Func("dict", dictOf("dict"))],
    ["namespace", new Func("namespace", (args) => new Namespace(dictOf("namespace")(args)))],
    ["cycler", new Func("cycler", cycler)],
    ["joiner", new Func("joiner", joiner)],
    [
      "lipsum",
      new Func("lipsum", () => {
        throw new JinjaError("lipsum is not supported: its text is made by chance");
      }),
    ],
    [
      "raise_exception",
      func("raise_exception", ["message"], (message) => {
        throw new JinjaError(str(message as Value));
      }),
    ],
    ["strftime_now", func("strftime_now", ["format"], (format) => strftime(now, str(format as Value)))],
  ]);
